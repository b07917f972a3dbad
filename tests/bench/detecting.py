"""What detection costs: CPU beside the same replay without it, and memory under a flood."""

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np
from msgspec.structs import replace

from appliance.capture.files import open_file
from appliance.config.schema import Config
from appliance.model.address import MAPPED
from appliance.model.flow import EndReason, FlowBatch
from appliance.pipeline.detection import News
from appliance.replay import Receivers, Replay
from appliance.runtime.process import calm_collector, read_usage
from appliance.warmup import warm_up
from tests.bench.kernels import traces
from tests.support.contactflows import Talk, make_flows

FLOOD = 2_000_000
_AT_ONCE = 8_192
_STEP_NS = 10_000  # 100,000 sources a second


def measure(options: argparse.Namespace) -> None:
    """Replay with and without detection in turn, so that the ratio outlives the noise."""
    warm_up()
    for capture in traces(options.traces):
        _replay(capture, detect=True)  # the page cache, and everything made once
        with_it, without = [], []
        for _ in range(options.runs):
            without.append(_replay(capture, detect=False))
            with_it.append(_replay(capture, detect=True))
        more = median(one / other - 1 for one, other in zip(with_it, without, strict=True))
        print(
            f"{capture.stem}: {min(without):.2f} CPU-s without detection, {min(with_it):.2f} with: "
            f"+{min(with_it) / min(without) - 1:.0%} (median of pairs +{more:.0%})"
        )
    _measure_flood()


def _replay(capture: Path, *, detect: bool) -> float:
    """Return the CPU seconds of a replay that keeps nothing."""
    config = Config()
    config = replace(config, detect=replace(config.detect, enabled=detect))
    source = open_file(capture)
    engine = Replay(config, source, Receivers())
    calm_collector()
    began = time.process_time()
    for _ in engine.run():
        pass
    seconds = time.process_time() - began
    source.close()
    return seconds


def _measure_flood() -> None:
    """SYNs from spoofed sources to one server at home, each told of once: what is left of them."""
    source = open_file(Path(__file__).parents[1] / "corpus" / "arp.pcap")
    engine = Replay(Config(), source, Receivers())
    source.close()
    before, began = read_usage().rss_bytes, time.process_time()
    for start in range(0, FLOOD, _AT_ONCE):
        batch = _spoofed(start, min(_AT_ONCE, FLOOD - start))
        engine.pipeline.take_log(News(batch), int(batch.flows["last_ns"][-1]) / 1e9)
    seconds, after = time.process_time() - began, read_usage().rss_bytes
    assert engine.pipeline.detection is not None
    tables = engine.pipeline.detection.detector.statistics().tables
    assert tables is not None
    print(
        f"flood of {FLOOD / 1e6:.0f} M sources: {seconds / FLOOD * 1e6:.1f} us each, "
        f"{(after - before) / 1e6:.0f} MB more; contacts {tables.contacts}, hosts {tables.hosts}, "
        f"fans {tables.fans}, networks {tables.nets}"
    )


def _spoofed(start: int, count: int) -> FlowBatch:
    """Return attempts from `count` sources, each another."""
    talk = Talk("203.0.113.1", "192.168.1.10", how="S0", reason=EndReason.ATTEMPT)
    flows = np.repeat(make_flows([talk]), count)
    numbers = np.arange(start, start + count, dtype=np.uint64)
    spread = numbers * np.uint64(2_654_435_761) & np.uint64(0xFFFFFFFF)  # no number twice
    flows["orig"]["addr_lo"] = np.uint64(MAPPED) | spread
    flows["first_ns"] += numbers.astype(np.int64) * _STEP_NS
    flows["last_ns"] = flows["first_ns"]
    flows["id"] = numbers + np.uint64(1)
    return FlowBatch(flows, ("bench0",))
