"""Compile the kernels into their cache, so that the appliance itself starts at once."""

import contextlib
import os
import struct
import sys
import tempfile
from pathlib import Path

from appliance.runtime.paths import prepare_kernel_cache

CACHE = prepare_kernel_cache(os.environ)

# numba reads its cache directory when it is imported
import numpy as np  # noqa: E402

from appliance.capture.afpacket import open_interface  # noqa: E402
from appliance.capture.files import open_file  # noqa: E402
from appliance.config.schema import Capture, Flows  # noqa: E402
from appliance.demo.source import DemoSource  # noqa: E402
from appliance.errors import CaptureError  # noqa: E402
from appliance.flows.table import FlowTable  # noqa: E402
from appliance.model.frame import PacketSource  # noqa: E402


def main() -> None:
    """Drive every source through a small flow table; quick when the cache holds everything."""
    if not any(CACHE.rglob("*.nbi")):
        print("Compiling the kernels, once ...", file=sys.stderr)
    assemble(DemoSource(lambda: 0, paced=False, length_s=2.0), blocks=8)
    # the frames of a file lie in read-only memory, which is another type to the compiler
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder, "demo.pcap")
        write_pcap(capture, DemoSource(lambda: 0, paced=False, length_s=2.0))
        assemble(open_file(capture), blocks=8)
    # without the right to capture the ring's kernel is not needed
    with contextlib.suppress(CaptureError):
        assemble(open_interface("lo", Capture(ring_mib=1), None, 0), blocks=1)


def assemble(source: PacketSource, blocks: int) -> None:
    """Make flows of the first blocks of a source, and close it."""
    table = FlowTable(Flows(max_flows=1_024), np.zeros((0, 4), np.uint64))
    for number, block in enumerate(source.blocks(), start=1):
        for _ in table.absorb(block):
            pass
        for _ in table.advance(0):
            pass
        if number == blocks:
            source.close()
    for _ in table.flush():
        pass


def write_pcap(path: Path, source: PacketSource) -> None:
    """Write what a source delivers as a capture file."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1))
        for block in source.blocks():
            for frame in block.frames:
                start, size = int(frame["offset"]), int(frame["caplen"])
                seconds, ns = divmod(int(frame["ts_ns"]), 10**9)
                file.write(struct.pack("<IIII", seconds, ns // 1_000, size, frame["wirelen"]))
                file.write(block.buffer[start : start + size].tobytes())


if __name__ == "__main__":
    main()
