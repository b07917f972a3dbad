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

_PATIENCE_S = 900.0  # a slow board compiles for minutes, once
_DONE = "complete"  # a file in a cache that holds everything


def warm_up_apart(cache: Path) -> None:
    """Fill a cache from another process; a full one is left as it is.

    A compiler that fails here fails again, and is reported, when the kernels are needed.
    """
    done = cache / _DONE
    if done.exists():
        return
    sys.stderr.write("Compiling the kernels, once ...\n")
    # the interpreter that runs us and our own module: nothing comes from outside
    end = subprocess.run(
        [sys.executable, "-m", "appliance.warmup"], check=False, timeout=_PATIENCE_S
    )
    if end.returncode == 0:
        with contextlib.suppress(OSError):  # a cache that somebody else made and we only read
            done.touch()


def main() -> None:
    """Drive every kind of source through a small flow table, and a flow through what judges it."""
    prepare_kernel_cache(os.environ)
    # numba reads its cache directory when it is imported
    from appliance.capture.afpacket import open_interface  # noqa: PLC0415
    from appliance.capture.files import open_file  # noqa: PLC0415
    from appliance.config.schema import Capture  # noqa: PLC0415
    from appliance.detect.warmup import warm_up as warm_up_detection  # noqa: PLC0415
    from appliance.errors import CaptureError  # noqa: PLC0415
    from appliance.flows.warmup import CAPTURE_FILE, drain, warm_up  # noqa: PLC0415
    from appliance.learn.warmup import warm_up as warm_up_models  # noqa: PLC0415

    warm_up()
    warm_up_detection()
    warm_up_models()
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(CAPTURE_FILE)
        file.flush()
        drain(open_file(file.name))
    # without the right to capture the ring's kernels are not needed
    with contextlib.suppress(CaptureError):
        drain(open_interface("lo", Capture(ring_mib=1), None, 0), blocks=1)


if __name__ == "__main__":
    main()
