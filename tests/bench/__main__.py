"""Run measurements and print one line each."""

import argparse
import os
from pathlib import Path

from appliance.runtime.paths import prepare_kernel_cache

prepare_kernel_cache(os.environ)

# numba reads its cache directory when it is imported
from tests.bench import (  # noqa: E402
    alerts,
    detecting,
    kernels,
    live,
    process,
    sensitivity,
    storing,
)

MEASURES = {
    "kernels": kernels.measure,
    "replay": kernels.measure_replay,
    "detect": detecting.measure,
    "store": storing.measure_rate,
    "disk": storing.measure_disk,
    "start": process.measure_start,
    "live": live.measure,
    "alerts": alerts.measure,
    "memory": process.measure_memory,
    "sensitivity": sensitivity.measure,
}
ON_DEMAND = ("sensitivity",)  # takes many minutes


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], metavar="NAME")
    parser.add_argument(
        "--traces", type=Path, default=Path(os.environ.get("APPLIANCE_TRACES", "traces"))
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60, help="of memory")
    parser.add_argument("--data", type=Path, default=Path("data"), help="of sensitivity")
    parser.add_argument("--days", type=Path, help="simulated days to keep, of sensitivity")
    parser.add_argument("--only", default="", metavar="GROUP", help="of sensitivity: a,b")
    parser.add_argument("--without", default="", metavar="INPUT", help="of sensitivity: a,b")
    options = parser.parse_args()
    for name in options.names or [name for name in MEASURES if name not in ON_DEMAND]:
        print(f"== {name}")
        MEASURES[name](options)


if __name__ == "__main__":
    main()
