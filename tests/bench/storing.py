"""The store alone: flows per CPU-second, and bytes that reach the disk per flow."""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.config.schema import Store
from appliance.model.flow import FlowBatch
from appliance.runtime.process import read_usage
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import Network

_BEGIN_S = 1_790_000_000.0


def _batches(count: int, size: int, rate_per_s: float) -> Iterator[FlowBatch]:
    """Yield flows that end at a steady rate."""
    network = Network()
    span_s = size / rate_per_s
    for number in range(count // size):
        since_s = _BEGIN_S + number * span_s
        yield network.flows(size, since_s, since_s + span_s)


def measure_rate(options: argparse.Namespace) -> None:
    """Flows into the store as fast as it takes them."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        writer = StoreWriter(Path(folder), Store())
        batches = list(_batches(204_800, 4_096, 2_000))
        began = time.process_time()
        for batch in batches:
            writer.write(batch)
            writer.tick(float(batch.flows["last_ns"].max()) / 1e9)
        writer.flush()
        seconds = time.process_time() - began
        writer.close()
    print(f"store: {204_800 / seconds / 1e3:.0f} k flows/CPU-s")


def measure_disk(options: argparse.Namespace) -> None:
    """Bytes written per flow at 100 flows/s, a commit every 5 s, 20 minutes of packet time."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        writer = StoreWriter(Path(folder), Store())
        before = read_usage().written_bytes
        flows = 0
        for batch in _batches(120_000, 100, 100):
            writer.write(batch)
            writer.tick(float(batch.flows["last_ns"].max()) / 1e9)
            flows += len(batch)
        writer.close()
        os.sync()
        written = read_usage().written_bytes - before
    print(f"disk: {written / flows:.0f} bytes written per flow at 100 flows/s")
