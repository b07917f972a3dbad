"""A real ring on a veth pair: drops at the highest rate the sender gives, CPU per packet."""

import argparse
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

from appliance.capture.afpacket import open_interface
from appliance.config.schema import Capture, Config
from appliance.enrich.networks import HomeNetworks
from appliance.flows.table import FlowTable
from appliance.flows.warmup import warm_up

_SPACES = (f"bench-a-{os.getpid()}", f"bench-b-{os.getpid()}")


def measure(options: argparse.Namespace) -> None:
    """Send a trace with tcpreplay from another namespace as fast as it can."""
    capture = options.traces / "mix.pcap"
    if os.getuid() or not shutil.which("tcpreplay") or not capture.is_file():
        print("live: needs root, tcpreplay and the mix trace, left out")
        return
    warm_up()
    sent, received = _SPACES
    _ip("netns", "add", sent)
    try:
        _ip("link", "add", "bench0", "type", "veth", "peer", "name", "bench1", "netns", sent)
        _ip("link", "set", "bench0", "up")
        _ip("-n", sent, "link", "set", "bench1", "up")
        for _ in range(options.runs):
            _run_once(capture, sent)
    finally:
        _ip("netns", "del", sent)
    del received


def _run_once(capture: Path, space: str) -> None:
    config = Config(capture=Capture(ring_mib=32))
    source = open_interface("bench0", config.capture, None, 0)
    table = FlowTable(config.flows, HomeNetworks(()).array(), samples_per_s=500)
    figures: dict[str, float] = {}
    thread = threading.Thread(target=_receive, args=(source, table, figures), name="receiver")
    thread.start()
    command = ["ip", "netns", "exec", space, "tcpreplay", "-q", "-t", "-K", "-i", "bench1"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "-L", "1000000", str(capture)], check=False, capture_output=True, text=True
    )
    seconds = time.monotonic() - began
    time.sleep(0.5)
    source.close()
    thread.join()
    statistics = source.statistics()
    frames = table.statistics().packets
    rate = next((line for line in done.stdout.splitlines() if "Rated" in line), "")
    print(
        f"live: {frames} packets in {seconds:.1f} s, lost in the kernel {statistics.kernel_dropped}"
        f", {figures['cpu_s'] / max(frames, 1) * 1e9:.0f} ns CPU a packet; sender: {rate.strip()}"
    )


def _receive(source: object, table: FlowTable, figures: dict[str, float]) -> None:
    began_s, drained_s = time.thread_time(), time.monotonic()
    for block in source.blocks():  # type: ignore[attr-defined]
        for _ in table.absorb(block):
            pass
        if time.monotonic() - drained_s > 0.2:
            table.drain()
            drained_s = time.monotonic()
    figures["cpu_s"] = time.thread_time() - began_s


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
