"""Compile the kernels into their cache: `python -m appliance.warmup`.

The compiler leaves some hundred megabytes behind in the process that ran it. So whoever finds the
cache empty lets another process fill it, and only loads.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from appliance.runtime.paths import prepare_kernel_cache

_PATIENCE_S = 600.0  # a slow board compiles for minutes, once


def warm_up_apart(cache: Path) -> None:
    """Fill an empty cache from another process; a full one is left as it is.

    A compiler that fails here fails again, and is reported, when the kernels are needed.
    """
    if any(cache.rglob("*.nbi")):
        return
    sys.stderr.write("Compiling the kernels, once ...\n")
    subprocess.run([sys.executable, "-m", "appliance.warmup"], check=False, timeout=_PATIENCE_S)


def main() -> None:
    """Drive every kind of source through a small flow table."""
    prepare_kernel_cache(os.environ)
    # numba reads its cache directory when it is imported
    from appliance.capture.afpacket import open_interface  # noqa: PLC0415
    from appliance.capture.files import open_file  # noqa: PLC0415
    from appliance.config.schema import Capture  # noqa: PLC0415
    from appliance.errors import CaptureError  # noqa: PLC0415
    from appliance.flows.warmup import CAPTURE_FILE, drain, warm_up  # noqa: PLC0415

    warm_up()
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(CAPTURE_FILE)
        file.flush()
        drain(open_file(file.name))
    # without the right to capture the ring's kernels are not needed
    with contextlib.suppress(CaptureError):
        drain(open_interface("lo", Capture(ring_mib=1), None, 0), blocks=1)


if __name__ == "__main__":
    main()
