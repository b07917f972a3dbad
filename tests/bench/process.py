"""The process from outside: start, help, memory."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from appliance.runtime.process import read_usage

COMMAND = [sys.executable, "-m", "appliance"]


def measure_start(options: argparse.Namespace) -> None:
    """--help, and from start to READY with a warm cache."""
    for _ in range(options.runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        subprocess.run([*COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"--help: {time.monotonic() - began:.2f} s wall, {cpu:.2f} CPU-s")
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            daemon, seconds = _start_demo(folder)
            usage = read_usage(Path(f"/proc/{daemon.pid}"))
            print(f"READY: {seconds:.2f} s wall, {usage.cpu_s:.2f} CPU-s")
            daemon.terminate()
            daemon.wait(30)


def measure_memory(options: argparse.Namespace) -> None:
    """RSS of the demonstration over a while."""
    with tempfile.TemporaryDirectory() as folder:
        daemon, _ = _start_demo(folder)
        for second in range(0, options.seconds + 1, max(options.seconds // 6, 1)):
            usage = read_usage(Path(f"/proc/{daemon.pid}"))
            print(
                f"{second} s: RSS {usage.rss_bytes / 1e6:.0f} MB, "
                f"anonymous {usage.anonymous_bytes / 1e6:.0f} MB, {usage.cpu_s:.1f} CPU-s"
            )
            time.sleep(max(options.seconds // 6, 1))
        daemon.terminate()
        daemon.wait(30)


def _start_demo(folder: str) -> tuple[subprocess.Popen[bytes], float]:
    environment = os.environ | {"STATE_DIRECTORY": folder, "APPLIANCE_API_PORT": "0"}
    began = time.monotonic()
    daemon = subprocess.Popen(
        [*COMMAND, "demo"], env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert daemon.stderr is not None
    for line in daemon.stderr:
        if b"watching" in line:
            break
    return daemon, time.monotonic() - began
