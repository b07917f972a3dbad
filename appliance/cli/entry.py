"""From arguments to an exit code.

0 ok, 1 failed, 2 usage, 78 bad configuration, 130 interrupted.
"""

import os
import sys
from collections.abc import Callable, Sequence

from appliance.cli.arguments import build_parser
from appliance.errors import ApplianceError, ConfigError

FAILED = 1
BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h; the unit does not restart after it
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` default to the process's own. argparse exits with 2 itself."""
    parsed = build_parser().parse_args(arguments)
    command: Callable[..., int] = parsed.command
    try:
        code = command(parsed)
        sys.stdout.flush()
    except ConfigError as error:
        return _complain(error, BAD_CONFIGURATION)
    except ApplianceError as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader has seen enough; without this Python complains once more while it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _complain(error: ApplianceError, code: int) -> int:
    for line in str(error).splitlines():
        sys.stderr.write(f"appliance: {line}\n")
    return code
