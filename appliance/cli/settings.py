"""The configuration as a command line asks for it."""

import argparse
import os
from pathlib import Path
from typing import Any

from appliance.config.load import load
from appliance.config.schema import Config
from appliance.detect.weights import load_weights
from appliance.runtime.paths import DEFAULT_CONFIG

# flags that have a key of their own behind them
_FLAGS = {
    "interface": "capture.interfaces",
    "filter": "capture.bpf_filter",
    "home_net": "network.home",
}


def load_settings(arguments: argparse.Namespace) -> tuple[Config, dict[str, str]]:
    """Return the merged configuration and the origin of each key.

    The file is --config, else $APPLIANCE_CONFIG, else the one under /etc if it is there.
    Raises ConfigError, also for constants of detection that do not exist.
    """
    overrides: dict[str, Any] = dict(arguments.settings)
    for flag, key in _FLAGS.items():
        value = getattr(arguments, flag, None)
        if value is not None:
            overrides[key] = value
    config, origins = load(
        _choose_file(arguments.config), environment=os.environ, overrides=overrides
    )
    load_weights(config.detect.weights)
    return config, origins


def _choose_file(given: Path | None) -> Path | None:
    if given is not None:
        return given
    if named := os.environ.get("APPLIANCE_CONFIG"):
        return Path(named)
    return DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None
