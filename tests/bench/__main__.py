"""Run measurements and print one line each."""

import argparse
import os
from pathlib import Path

from appliance.runtime.paths import prepare_kernel_cache

prepare_kernel_cache(os.environ)

# numba reads its cache directory when it is imported
from tests.bench import alerts, detecting, kernels, live, process, storing  # noqa: E402

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
}


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], metavar="NAME")
    parser.add_argument(
        "--traces", type=Path, default=Path(os.environ.get("APPLIANCE_TRACES", "traces"))
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60, help="of memory")
    options = parser.parse_args()
    for name in options.names or MEASURES:
        print(f"== {name}")
        MEASURES[name](options)


if __name__ == "__main__":
    main()
