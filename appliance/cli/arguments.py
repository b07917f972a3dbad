"""Every command and flag."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import appliance
from appliance.cli import operate, queries
from appliance.cli.moments import parse_moment
from appliance.config.options import FlowsFormat
from appliance.runtime.clock import SystemClock

if TYPE_CHECKING:
    # argparse gives its type no public name
    _Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

_FLOWS_FORMATS: dict[str, FlowsFormat] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".log": "zeek",
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; the result's `command` is a function of the parsed arguments."""
    parser = argparse.ArgumentParser(
        prog="appliance",
        description="A network sensor: packets become flows you can see.",
        epilog="Exit codes: 0 ok, 1 failed, 2 usage, 78 bad configuration.",
    )
    parser.add_argument("--version", action="version", version=appliance.__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(commands)
    _add_replay(commands)
    _add_evaluate(commands)
    _add_demo(commands)
    _add_check_config(commands)
    _add_status(commands)
    _add_lists(commands)
    return parser


def _add(commands: "_Commands", name: str, text: str) -> argparse.ArgumentParser:
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


def _add_home_networks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--home-net",
        action="append",
        metavar="CIDR",
        help="a network of ours; may be repeated (default: private ranges)",
    )


def _add_run(commands: "_Commands") -> None:
    parser = _add(commands, "run", "capture, and serve the dashboard")
    parser.add_argument(
        "-i", "--interface", action="append", metavar="NAME", help="may be repeated"
    )
    parser.add_argument("-f", "--filter", metavar="BPF", help="tcpdump syntax")
    _add_home_networks(parser)
    parser.set_defaults(command=operate.run)


def _add_replay(commands: "_Commands") -> None:
    parser = _add(commands, "replay", "read capture files or logs instead of the wire")
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="pcap, pcapng, Zeek's conn.log or a folder of Zeek's, binetflow; also gzip or zstd",
    )
    parser.add_argument(
        "--flows",
        type=parse_flows_file,
        metavar="FILE",
        help="flows as .ndjson, as conn.log by .log, or - for stdout",
    )
    parser.add_argument(
        "--speed", type=parse_speed, default="max", metavar="SPEED", help="max (default), 1x, 10x"
    )
    parser.add_argument("--store", type=Path, metavar="DIR", help="keep the flows in this folder")
    _add_home_networks(parser)
    parser.set_defaults(command=operate.replay)


def _add_evaluate(commands: "_Commands") -> None:
    parser = _add(commands, "evaluate", "measure detection on labelled data")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="as for replay")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="what flows are: CSV with uid and label, or a labelled log (default: the inputs')",
    )
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="FILE",
        help="what machines are: CSV with host, malicious, start, end (default: from the labels)",
    )
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    parser.add_argument(
        "--no-naive", action="store_true", help="leave out the forests it is compared with"
    )
    _add_home_networks(parser)
    parser.set_defaults(command=operate.evaluate)


def _add_demo(commands: "_Commands") -> None:
    parser = _add(commands, "demo", "show a made-up network, without capturing anything")
    parser.set_defaults(command=operate.demo)


def _add_check_config(commands: "_Commands") -> None:
    parser = _add(
        commands, "check-config", "print the merged configuration, or what is wrong in it"
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="as --config")
    parser.set_defaults(command=operate.check_config)


def _add_status(commands: "_Commands") -> None:
    parser = _add(commands, "status", "show how the running appliance is")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    parser.set_defaults(command=queries.show_status)


def _add_lists(commands: "_Commands") -> None:
    for noun, text in (("flows", "finished flows"), ("hosts", "addresses seen")):
        group = commands.add_parser(noun, help=text).add_subparsers(metavar="ACTION", required=True)
        parser = _add(group, "list", f"list {text}, newest first")
        parser.add_argument(
            "-o", "--output", choices=("table", "json", "ndjson", "csv"), default="table"
        )
        parser.add_argument(
            "--limit", type=parse_count, default=50, metavar="N", help="rows at most (default: 50)"
        )
        moment = "15m, 2h or 7d ago, 2026-01-31T12:00, or seconds since the epoch"
        parser.add_argument("--since", type=parse_time, metavar="TIME", help=moment)
        parser.add_argument("--until", type=parse_time, metavar="TIME", help="the same")
        if noun == "flows":
            _add_flow_filters(parser)
        else:
            parser.add_argument(
                "--search", default="", metavar="TEXT", help="part of name or address"
            )
            parser.set_defaults(command=queries.list_hosts)


def _add_flow_filters(parser: argparse.ArgumentParser) -> None:
    for flag, text in (
        ("--address", "either end: an address or a CIDR prefix"),
        ("--src", "originator: an address or a CIDR prefix"),
        ("--dst", "responder: an address or a CIDR prefix"),
        ("--proto", "tcp, udp, icmp ... or a number"),
        ("--country", "either end, two letters"),
        ("--name", "part of a name"),
        ("--state", "Zeek's conn_state, such as SF or REJ"),
        ("--direction", "inbound, outbound, local or external"),
    ):
        parser.add_argument(flag, default="", metavar=flag[2:].upper(), help=text)
    parser.add_argument("--port", type=int, metavar="PORT", help="either end")
    parser.add_argument("--asn", type=int, metavar="ASN", help="either end")
    parser.set_defaults(command=queries.list_flows)


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


def parse_count(text: str) -> int:
    """Return a positive number of rows."""
    if not text.isdecimal() or not 0 < int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f'"{text}": write a number from 1')
    return int(text)
