"""What a replay says, kept for its judgement: flows, alerts, windows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.flows.connstate import state_codes
from appliance.model.alert import Alert, AlertChange
from appliance.model.flow import Direction, EndReason, FlowBatch
from appliance.model.window import WindowBatch
from appliance.pipeline.detection import Detection

# What the source systems fed to their forest
FLOW_FEATURES = (
    "bytes", "packets", "duration", "dst_port", "src_port", "protocol", "conn_state",
    "bytes_per_s", "packets_per_s",
)  # fmt: skip
_SHORTEST_S = 1e-3  # rates of shorter flows are those of this
_NOT_ENDED = (int(EndReason.ACTIVE), int(EndReason.ATTEMPT))
_FROM_HOME = (int(Direction.OUTBOUND), int(Direction.LOCAL))


class Flows(NamedTuple):
    """All flows that ended, in their order."""

    uids: list[str]  # "" where the source gives none
    hosts: NDArray[np.uint64]  # (n, 2), who began it
    from_home: NDArray[np.bool_]  # (n,)
    starts_s: NDArray[np.float64]  # (n,)
    features: NDArray[np.float32]  # (n, len(FLOW_FEATURES))


class HostWindows(NamedTuple):
    """All windows of hosts at home."""

    hosts: NDArray[np.uint64]  # (n, 2)
    starts_s: NDArray[np.float64]
    length_s: float
    values: NDArray[np.float32]  # (n, features)
    evidence: NDArray[np.float32]
    score: NDArray[np.float32]  # with what is left of earlier windows


class Collector:
    """Listens to a replay. Alerts that were muted are not heard."""

    def __init__(self) -> None:
        self._flows: list[Flows] = []
        self._windows: list[WindowBatch] = []
        self._alerts: dict[str, Alert] = {}
        self._detection: Detection | None = None
        self.first_s = float("inf")
        self.last_s = float("-inf")

    def begin(self, detection: Detection) -> None:
        """Have it remember what its windows were made of."""
        self._detection = detection
        detection.detector.windows.keep_used = True

    def take_flows(self, batch: FlowBatch) -> None:
        """Take an enriched batch: a sink of the pipeline."""
        kept = np.flatnonzero(~np.isin(batch.flows["reason"], _NOT_ENDED))
        if not len(kept):
            return
        flows = batch.flows[kept]
        starts_s = flows["first_ns"] / 1e9
        self.first_s = min(self.first_s, float(starts_s.min()))
        self.last_s = max(self.last_s, float(starts_s.max()))
        self._flows.append(
            Flows(
                uids=[batch.uids[i] for i in kept.tolist()] if batch.uids else [""] * len(kept),
                hosts=np.stack([flows["orig"]["addr_hi"], flows["orig"]["addr_lo"]], axis=1),
                from_home=np.isin(flows["direction"], _FROM_HOME),
                starts_s=starts_s,
                features=_features(flows),
            )
        )

    def take_alert(self, change: AlertChange) -> None:
        """Take what became of an alert; the last word counts."""
        if change.what == "muted":
            self._alerts.pop(change.alert.id, None)
        else:
            self._alerts[change.alert.id] = change.alert

    def take_windows(self, batch: WindowBatch) -> None:
        """Take the fingerprints of a closed window."""
        self._windows.append(batch)

    def alerts(self) -> list[Alert]:
        """Return the alerts, in the order in which they were raised."""
        return sorted(self._alerts.values(), key=lambda alert: (alert.ts, alert.id))

    def flows(self) -> Flows:
        """Return all flows."""
        parts = self._flows
        return Flows(
            uids=[uid for part in parts for uid in part.uids],
            hosts=_join([part.hosts for part in parts], (0, 2), np.uint64),
            from_home=_join([part.from_home for part in parts], (0,), np.bool_),
            starts_s=_join([part.starts_s for part in parts], (0,), np.float64),
            features=_join([p.features for p in parts], (0, len(FLOW_FEATURES)), np.float32),
        )

    def windows(self) -> HostWindows | None:
        """Return all windows of hosts at home, None if there were none."""
        return _gather(self._windows)

    def later_windows(self) -> HostWindows | None:
        """Return the same windows with what was known at the end, in the same order."""
        if self._detection is None:
            return None
        return _gather(self._detection.detector.windows.look_back())


def _gather(batches: Sequence[WindowBatch]) -> HostWindows | None:
    parts = [(batch, batch.hosts["inside"] == 1) for batch in batches]
    if not any(inside.any() for _, inside in parts):
        return None
    hosts = [
        np.stack([batch.hosts["hi"][inside], batch.hosts["lo"][inside]], axis=1)
        for batch, inside in parts
    ]
    return HostWindows(
        hosts=np.concatenate(hosts),
        starts_s=np.concatenate([np.full(k.sum(), b.start_s) for b, k in parts]),
        length_s=parts[0][0].length_s,
        values=np.concatenate([b.values[k] for b, k in parts]),
        evidence=np.concatenate([b.evidence[k] for b, k in parts]),
        score=np.concatenate([b.score[k] for b, k in parts]),
    )


def _join(parts: list[Any], empty: tuple[int, ...], kind: Any) -> Any:
    return np.concatenate(parts) if parts else np.zeros(empty, kind)


def _features(flows: NDArray[Any]) -> NDArray[np.float32]:
    orig, resp = flows["orig"], flows["resp"]
    size = (orig["payload"] + resp["payload"]).astype(np.float64)
    packets = orig["packets"].astype(np.float64) + resp["packets"]
    duration_s = (flows["last_ns"] - flows["first_ns"]) / 1e9
    span_s = np.maximum(duration_s, _SHORTEST_S)
    columns = (
        size, packets, duration_s, resp["port"], orig["port"], flows["proto"], state_codes(flows),
        size / span_s, packets / span_s,
    )  # fmt: skip
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)
