"""Commands that do the work in this process: run, replay, evaluate, demo, check-config.

The daemon is imported inside the commands: it loads numba, which takes longer than all of --help,
and which must find its cache directory set when it loads.
"""

import argparse
import os
import sys
from pathlib import Path

import msgspec

from appliance.cli.settings import load_settings
from appliance.config.options import EvaluateOptions, ReplayOptions
from appliance.config.render import render
from appliance.config.schema import Config
from appliance.runtime.logs import configure_logging
from appliance.runtime.paths import prepare_kernel_cache
from appliance.warmup import warm_up_apart


def run(arguments: argparse.Namespace) -> int:
    """Capture until told to stop."""
    config, origins = load_settings(arguments)
    _announce(config)
    warm_up_apart(_prepare(config))
    from appliance import daemon  # noqa: PLC0415 - see above

    return daemon.run(config, origins, reload=lambda: load_settings(arguments))


def replay(arguments: argparse.Namespace) -> int:
    """Read capture files."""
    config, _ = load_settings(arguments)
    warm_up_apart(_prepare(config))
    from appliance import replay as engine  # noqa: PLC0415 - see above

    options = make_replay_options(arguments)
    return engine.replay(config, tuple(arguments.inputs), options)


def make_replay_options(arguments: argparse.Namespace) -> ReplayOptions:
    """Return what the flags of `replay` ask for."""
    options = ReplayOptions(speed=arguments.speed, store=arguments.store, alerts=arguments.alerts)
    if arguments.flows is None:
        return options
    path, flows_format = arguments.flows
    return msgspec.structs.replace(options, flows=path, flows_format=flows_format)


def evaluate(arguments: argparse.Namespace) -> int:
    """Measure detection on labelled data."""
    config, _ = load_settings(arguments)
    warm_up_apart(_prepare(config))
    from appliance.evaluate.run import evaluate as measure  # noqa: PLC0415 - see above
    from appliance.replay import judge  # noqa: PLC0415

    options = EvaluateOptions(
        labels=arguments.labels,
        truth=arguments.truth,
        form=arguments.output,
        naive=not arguments.no_naive,
    )
    return measure(config, tuple(arguments.inputs), options, judge)


def demo(arguments: argparse.Namespace) -> int:
    """Show the made-up network."""
    config, _ = load_settings(arguments)
    _announce(config)
    warm_up_apart(_prepare(config))
    from appliance import daemon  # noqa: PLC0415 - see above

    return daemon.demo(config)


def check_config(arguments: argparse.Namespace) -> int:
    """Print the merged configuration."""
    arguments.config = arguments.file or arguments.config
    sys.stdout.write(render(*load_settings(arguments)))
    return 0


def _announce(config: Config) -> None:
    """Say where to look; the first start compiles for a while before anything answers there."""
    if "NOTIFY_SOCKET" not in os.environ and config.api.port:
        host = f"[{config.api.host}]" if ":" in config.api.host else config.api.host
        sys.stderr.write(f"The dashboard will be at http://{host}:{config.api.port}/\n")


def _prepare(config: Config) -> Path:
    """Set up logging and the kernels' cache; return where that is."""
    configure_logging(config.log.level, os.environ, sys.stderr)
    return prepare_kernel_cache(os.environ)
