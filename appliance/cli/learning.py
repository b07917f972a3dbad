"""Commands about what is learnt: train, analyze, models.

The running appliance is asked. Without one they do the work in this process, on the store.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from appliance.cli.casecolumns import MODEL_COLUMNS, OPINION_COLUMNS
from appliance.cli.client import fetch, try_send
from appliance.cli.output import write_rows
from appliance.cli.settings import load_settings
from appliance.config.schema import Config
from appliance.errors import ApplianceError
from appliance.runtime.clock import SystemClock
from appliance.runtime.logs import configure_logging
from appliance.runtime.paths import find_store, prepare_kernel_cache
from appliance.warmup import warm_up_apart

if TYPE_CHECKING:
    from appliance.pipeline.offline import Workshop

FAILED = 1


def train(arguments: argparse.Namespace) -> int:
    """Train: have the running appliance do it, or do it here and wait."""
    config, _ = load_settings(arguments)
    answer = try_send(config.api, "POST", "/api/v1/models/train")
    if answer is not None:
        return _say(answer["message"])
    with _workshop(config) as workshop:
        status = workshop.train(SystemClock().wall_ns() / 1e9)
    _say(status.note)
    return FAILED if status.state == "failed" else 0


def analyze(arguments: argparse.Namespace) -> int:
    """Judge the last windows: the running appliance as alerts, else here as a list."""
    config, _ = load_settings(arguments)
    answer = try_send(config.api, "POST", "/run-analysis")
    if answer is not None:
        return _say(answer["message"])
    with _workshop(config) as workshop:
        rows = [msgspec.to_builtins(opinion) for opinion in workshop.analyze()]
    write_rows(rows, OPINION_COLUMNS, arguments.output, sys.stdout)
    return 0


def list_models(arguments: argparse.Namespace) -> int:
    """Print the versions of what was learnt."""
    config, _ = load_settings(arguments)
    answer = fetch(config.api, "/api/v1/models", {})
    if answer is None:
        with _workshop(config) as workshop:
            rows = [msgspec.to_builtins(row) for row in workshop.models()]
    else:
        rows = answer["data"]
    write_rows(rows, MODEL_COLUMNS, arguments.output, sys.stdout)
    return 0


def roll_back(arguments: argparse.Namespace) -> int:
    """Go back to an earlier version."""
    config, _ = load_settings(arguments)
    body = {"version": arguments.version}
    row = try_send(config.api, "POST", "/api/v1/models/rollback", body)
    if row is None:
        with _workshop(config) as workshop:
            found = workshop.roll_back(arguments.version)
        if found is None:
            raise ApplianceError("there is no such version")
        row = msgspec.to_builtins(found)
    return _say(f"version {row['version']} of {row['name']} judges from now on")


@contextmanager
def _workshop(config: Config) -> Iterator["Workshop"]:
    """Open the store for learning in this process."""
    path = find_store(config.store.path, os.environ)
    if not path.is_dir():
        raise ApplianceError(f"not running, and there is no store in {path}")
    configure_logging(config.log.level, os.environ, sys.stderr)
    sys.stderr.write(f"appliance: not running, reading {path}\n")
    warm_up_apart(prepare_kernel_cache(os.environ))
    # loads numba, which reads its cache directory when it is imported
    from appliance.pipeline.offline import Workshop  # noqa: PLC0415

    workshop = Workshop(config, path)
    try:
        yield workshop
    finally:
        workshop.close()


def _say(line: str) -> int:
    sys.stdout.write(line + "\n")
    return 0
