"""`appliance tune`: what other settings would have changed."""

import argparse
import os
import sys
from pathlib import Path

import msgspec

from appliance.cli.settings import load_settings
from appliance.config.schema import Config
from appliance.errors import ApplianceError
from appliance.runtime.clock import SystemClock
from appliance.runtime.logs import configure_logging
from appliance.runtime.paths import find_store, prepare_kernel_cache
from appliance.warmup import warm_up_apart

_DAYS_S = 30 * 86_400.0


def tune(arguments: argparse.Namespace) -> int:
    """Judge history with the present settings and with the given ones, and compare."""
    inputs, constants = split_inputs(arguments.inputs)
    before, after = load_both(arguments, [*arguments.weight, *constants])
    configure_logging(before.log.level, os.environ, sys.stderr)
    warm_up_apart(prepare_kernel_cache(os.environ))
    # numba, see operate.py
    from appliance.evaluate.rehearsal import (  # noqa: PLC0415
        History,
        Settings,
        rehearse_files,
        rehearse_store,
    )
    from appliance.evaluate.tunetable import render_tune  # noqa: PLC0415
    from appliance.replay import judge  # noqa: PLC0415

    settings = Settings(before, after)
    if inputs:
        report = rehearse_files(settings, inputs, judge)
    else:
        path = find_store(before.store.path, os.environ)
        if not path.is_dir():
            raise ApplianceError(f"there is no store in {path}; give captures or logs instead")
        until_s = arguments.until or SystemClock().wall_ns() / 1e9
        since_s = until_s - _DAYS_S if arguments.since is None else arguments.since
        report = rehearse_store(settings, History(path, since_s, until_s))
    if arguments.output == "json":
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    else:
        sys.stdout.write(render_tune(report))
    return 0


def split_inputs(given: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Tell files from constants given as NAME=VALUE; a file that is there is a file."""
    constants = [text for text in given if "=" in text and not Path(text).exists()]
    return tuple(text for text in given if text not in constants), constants


def load_both(arguments: argparse.Namespace, constants: list[str]) -> tuple[Config, Config]:
    """Return the configuration without what --set changes, and with it and other constants."""
    after, _ = load_settings(arguments)
    changed = vars(arguments) | {"settings": []}
    before, _ = load_settings(argparse.Namespace(**changed))
    if constants:
        weights = (*after.detect.weights, *constants)
        detect = msgspec.structs.replace(after.detect, weights=weights)
        after = msgspec.structs.replace(after, detect=detect)
    return before, after
