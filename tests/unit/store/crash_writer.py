"""Run by test_crash: writes until it is killed, and says what has been committed.

Usage: python crash_writer.py FOLDER
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from appliance.config.schema import Store  # noqa: E402
from appliance.store.writer import StoreWriter  # noqa: E402
from tests.support.flowbatches import T0_S, Network, seconds  # noqa: E402

PER_COMMIT = 200


def main() -> None:
    """Commit batch after batch, a line on stdout after each."""
    writer = StoreWriter(Path(sys.argv[1]), Store())
    network = Network(remotes=300)
    second = T0_S
    while True:
        writer.write(network.flows(PER_COMMIT, second, second + 5))
        writer.write_traffic(seconds((second, 1, 1)))
        writer.flush()
        print(writer.statistics().flows, flush=True)
        second += 5


main()
