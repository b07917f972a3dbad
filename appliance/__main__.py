"""python -m appliance, and the console script."""

import sys

from appliance.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
