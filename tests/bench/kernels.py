"""Packets to finished flows, and the whole replay, in packets per CPU-second."""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from appliance.capture.files import open_file
from appliance.config.schema import Config
from appliance.enrich.networks import HomeNetworks
from appliance.flows.table import FlowTable
from appliance.flows.warmup import warm_up
from appliance.replay import Receivers, Replay
from appliance.runtime.process import calm_collector
from appliance.store.writer import StoreWriter
from tests.bench.peers import installed

TRACES = ("mix", "synflood", "scan", "elephant")


def traces(folder: Path) -> Iterator[Path]:
    """Yield the captures that are there."""
    for name in TRACES:
        path = folder / f"{name}.pcap"
        if path.is_file():
            yield path
        else:
            print(f"{name}: no {path}, left out")


def assemble(capture: Path) -> tuple[int, int, float]:
    """Return packets, flow records and CPU seconds from opening the file to the last flow."""
    config = Config()
    began = time.process_time()
    table = FlowTable(config.flows, HomeNetworks(()).array())
    source = open_file(capture)
    flows = 0
    for block in source.blocks():
        for output in table.absorb(block):
            flows += len(output.flows)
    for output in table.flush():
        flows += len(output.flows)
    source.close()
    return table.statistics().packets, flows, time.process_time() - began


def measure(options: argparse.Namespace) -> None:
    """Packets to finished flows; peers in turn with us, so that the ratio outlives the noise."""
    warm_up()
    peers = installed()
    for capture in traces(options.traces):
        assemble(capture)  # the page cache and the compiled kernels
        own: list[float] = []
        others: dict[str, list[float]] = {name: [] for name in peers}
        packets = flows = 0
        for _ in range(options.runs):
            packets, flows, seconds = assemble(capture)
            own.append(seconds)
            for name, run in peers.items():
                others[name].append(run(capture))
        rate = packets / median(own)
        print(
            f"{capture.stem}: {rate / 1e6:.2f} M packets/CPU-s "
            f"(best {packets / min(own) / 1e6:.2f}), {flows} flow records"
        )
        for name, seconds_list in others.items():
            theirs = packets / median(seconds_list)
            print(f"  {name}: {theirs / 1e6:.2f} M, ratio {rate / theirs:.1f}")


def measure_replay(options: argparse.Namespace) -> None:
    """Captures to rows on disk, names and places included; start-up left out."""
    warm_up()
    calm_collector()
    for capture in traces(options.traces):
        rates = []
        flows = 0
        for _ in range(options.runs):
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                config = Config()
                writer = StoreWriter(Path(folder), config.store)
                source = open_file(capture)
                engine = Replay(config, source, Receivers(writer))
                began = time.process_time()
                for _ in engine.run():
                    pass
                writer.close()
                seconds = time.process_time() - began
                source.close()
                flows = engine.pipeline.flows
                rates.append(engine.statistics().packets / seconds)
        print(
            f"{capture.stem}: {median(rates) / 1e6:.2f} M packets/CPU-s stored "
            f"(best {max(rates) / 1e6:.2f}), {flows} flow records"
        )
