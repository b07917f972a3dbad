"""The rhythm and sizes of a contact, the obvious way: numpy on the whole ring."""

from itertools import pairwise
from typing import Any

import numpy as np

from appliance.model.contact import FLOW_ANSWERED, FLOW_FAILED
from appliance.model.pair import MIN_INTERVALS

SIZES = ("out", "out_mad", "in", "in_mad", "duration", "duration_mad", "equal", "ds")
FEW = 4  # flows in five minutes: fewer, and no rhythm, and sizes are not looked at
GAPS = (0.5, 10.0, 60.0, 300.0)


def clip(value: float) -> float:
    return min(1.0, max(0.0, value))


def merge(starts: np.ndarray, gap: float) -> np.ndarray:
    """Intervals between visits: starts closer than a gap to the one before belong to one."""
    kept = [starts[0]]
    kept += [b for a, b in pairwise(starts) if b - a >= gap]
    return np.diff(kept)


def spread(values: np.ndarray) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def time_features(intervals: np.ndarray, span: float, shape: Any) -> dict[str, float]:
    middle = float(np.median(intervals))
    first, third = np.quantile(intervals, (0.25, 0.75))
    bowley = 0.0
    if third - first > 0.02 * middle:
        bowley = float((first + third - 2 * middle) / (third - first))
    mad = spread(intervals)
    ts = ((1 - abs(bowley)) + max(0.0, 1 - mad / middle)) / 2
    f35 = float(np.mean((intervals > 0.65 * middle) & (intervals < 1.35 * middle)))
    n = len(intervals) + 1
    timed = (
        clip((ts - shape["ts_from"]) / shape["ts_width"])
        * clip((f35 - shape["f35_from"]) / shape["f35_width"])
        * clip((n - shape["n_from"]) / shape["n_width"])
        * clip(span / shape["span_s"])
    )
    near = intervals[(intervals > 0.3 * middle) & (intervals < 1.9 * middle)]
    kurtosis = jitter_mad = 0.0
    if len(near) >= MIN_INTERVALS:
        variance = float(np.mean((near - near.mean()) ** 2))
        if variance * len(near) > 1e-9 * middle * middle:
            kurtosis = float(np.mean((near - near.mean()) ** 4)) / variance**2
        jitter_mad = spread(near) / float(np.median(near))
    grid = max(1.0, np.round(middle / 30)) * 30
    return {
        "n": n, "median": middle, "mad": mad, "bowley": bowley, "ts": ts, "f35": f35,
        "timed": timed, "jitter_share": len(near) / len(intervals),
        "jitter_kurtosis": kurtosis, "jitter_mad": jitter_mad,
        "off_grid": abs(middle - grid) / middle,
    }  # fmt: skip


def describe(contact: Any, ring: Any, shape: Any) -> dict[str, float]:
    """Return the features of PAIR_DTYPE by name."""
    used = int(ring["used"])
    starts = np.sort(ring["start_s"][:used])
    out, back = ring["out"][:used].astype(float), ring["in"][:used].astype(float)
    duration, flow = ring["duration_s"][:used].astype(float), ring["flow"][:used]
    ring_s = float(starts[-1] - starts[0])
    whole = float(contact["last_s"] - contact["first_s"])
    stretched = ring_s * max(1.0, float(contact["contacts"]) / used)
    age = starts[-1] - ring["start_s"][:used]
    talks = (flow & FLOW_ANSWERED != 0) & (flow & FLOW_FAILED == 0) & (out > 0)
    middle = float(np.median(out))
    features = {
        "used": used, "ring_s": ring_s, "span": min(stretched, max(ring_s, whole)),
        "out": middle, "out_mad": spread(out), "in": float(np.median(back)),
        "in_mad": spread(back), "duration": float(np.median(duration)),
        "duration_mad": spread(duration),
        "equal": float(np.mean(np.abs(out - middle) <= 0.1 * middle)),
        "ds": max(0.0, 1 - spread(out) / middle) if middle > 0 else 0.0,
        "recent_300": int((age <= 300).sum()), "recent_600": int((age <= 600).sum()),
        "failed_300": int(((age <= 300) & (flow & FLOW_FAILED != 0)).sum()),
        "talks_300": int(((age <= 300) & talks).sum()), "n": 0,
    }  # fmt: skip
    best: dict[str, float] = {}
    before = 0
    for gap in GAPS if used > MIN_INTERVALS else ():
        intervals = merge(starts, gap)
        if len(intervals) < MIN_INTERVALS or ring_s < shape["merge_ratio"] * gap * MIN_INTERVALS:
            continue
        if len(intervals) == before:
            continue  # nothing more was merged
        before = len(intervals)
        if np.median(intervals) < shape["merge_ratio"] * gap:
            continue
        found = time_features(intervals, features["span"], shape) | {"gap": gap}
        if not best or found["timed"] > best["timed"]:
            best = found
    if best.get("timed", 0) <= 0 and features["recent_300"] < FEW:
        features |= dict.fromkeys(SIZES, 0.0)
    return features | best
