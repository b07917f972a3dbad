"""What all commands share: the flags of every parser, and the types of values."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from appliance.cli.moments import parse_moment
from appliance.config.options import FlowsFormat
from appliance.runtime.clock import SystemClock

if TYPE_CHECKING:
    # argparse gives its type no public name
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

_MOMENT = "15m, 2h or 7d ago, 2026-01-31T12:00, or seconds since the epoch"
_FLOWS_FORMATS: dict[str, FlowsFormat] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".log": "zeek",
}


def add_parser(commands: "Commands", name: str, text: str) -> argparse.ArgumentParser:
    """Return a new command's parser, with the flags that all have."""
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="default: /etc/appliance/config.toml"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        type=parse_setting,
        metavar="KEY=VALUE",
        help="one configuration key, such as capture.snaplen=512; may be repeated",
    )
    return parser


def add_list_flags(parser: argparse.ArgumentParser) -> None:
    """Add what all lists have: form, number of rows, range of time."""
    parser.add_argument(
        "-o", "--output", choices=("table", "json", "ndjson", "csv"), default="table"
    )
    parser.add_argument(
        "--limit", type=parse_count, default=50, metavar="N", help="rows at most (default: 50)"
    )
    parser.add_argument("--since", type=parse_time, metavar="TIME", help=_MOMENT)
    parser.add_argument("--until", type=parse_time, metavar="TIME", help="the same")


def parse_setting(text: str) -> tuple[str, str]:
    """Split KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f'"{text}": write KEY=VALUE')
    return key.strip(), value.strip()


def parse_time(text: str) -> float:
    """Return s since the epoch."""
    try:
        return parse_moment(text, now_s=SystemClock().wall_ns() / 1e9)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def parse_speed(text: str) -> float | None:
    """Return the factor of packet time; None for "max"."""
    if text == "max":
        return None
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        factor = 0.0
    if not 0.001 <= factor <= 1_000_000:
        raise argparse.ArgumentTypeError(f'"{text}": write max, 1x, 10x ...')
    return factor


def parse_flows_file(text: str) -> tuple[Path, FlowsFormat]:
    """Return the file and the format its suffix asks for."""
    path = Path(text)
    if text == "-":
        return path, "ndjson"
    if path.suffix not in _FLOWS_FORMATS:
        raise argparse.ArgumentTypeError(f'"{text}": must end in {", ".join(_FLOWS_FORMATS)}')
    return path, _FLOWS_FORMATS[path.suffix]


def parse_simulated_file(text: str) -> Path:
    """Return a file whose suffix says what it shall hold."""
    path = Path(text)
    if path.suffix not in {".pcap", ".log", ".ndjson"}:
        raise argparse.ArgumentTypeError(f'"{text}": must end in .pcap, .log or .ndjson')
    return path


def parse_hours(text: str) -> float:
    """Return hours, at most a week."""
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= 168:
        raise argparse.ArgumentTypeError(f'"{text}": write hours, at most 168')
    return hours


def parse_count(text: str) -> int:
    """Return a positive number of rows."""
    if not text.isdecimal() or not 0 < int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f'"{text}": write a number from 1')
    return int(text)
