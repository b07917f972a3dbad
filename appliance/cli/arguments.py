"""Every command and flag."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import appliance
from appliance.cli import operate, queries, simulate, tune
from appliance.cli.casearguments import add_cases
from appliance.cli.flags import (
    add_list_flags,
    add_parser,
    parse_count,
    parse_flows_file,
    parse_hours,
    parse_simulated_file,
    parse_speed,
    parse_time,
)

if TYPE_CHECKING:
    from appliance.cli.flags import Commands


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
    _add_tune(commands)
    _add_demo(commands)
    _add_simulate(commands)
    _add_check_config(commands)
    _add_status(commands)
    _add_lists(commands)
    add_cases(commands)
    return parser


def _add_home_networks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--home-net",
        action="append",
        metavar="CIDR",
        help="a network of ours; may be repeated (default: private ranges)",
    )


def _add_run(commands: "Commands") -> None:
    parser = add_parser(commands, "run", "capture, and serve the dashboard")
    parser.add_argument(
        "-i", "--interface", action="append", metavar="NAME", help="may be repeated"
    )
    parser.add_argument("-f", "--filter", metavar="BPF", help="tcpdump syntax")
    _add_home_networks(parser)
    parser.set_defaults(command=operate.run)


def _add_replay(commands: "Commands") -> None:
    parser = add_parser(commands, "replay", "read capture files or logs instead of the wire")
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
        "--alerts", type=Path, metavar="FILE", help="alerts as NDJSON, or - for stdout"
    )
    parser.add_argument(
        "--speed", type=parse_speed, default="max", metavar="SPEED", help="max (default), 1x, 10x"
    )
    parser.add_argument("--store", type=Path, metavar="DIR", help="keep the flows in this folder")
    _add_home_networks(parser)
    parser.set_defaults(command=operate.replay)


def _add_evaluate(commands: "Commands") -> None:
    parser = add_parser(commands, "evaluate", "measure detection on labelled data")
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


def _add_tune(commands: "Commands") -> None:
    parser = add_parser(commands, "tune", "show what other settings would have changed")
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT|NAME=VALUE",
        help="files as for replay (default: the stored flows); constants of detect/weights.py",
    )
    parser.add_argument(
        "--weight", action="append", default=[], metavar="NAME=VALUE", help="the same; repeatable"
    )
    parser.add_argument(
        "--since", type=parse_time, metavar="TIME", help="of stored flows (default: 30d)"
    )
    parser.add_argument("--until", type=parse_time, metavar="TIME", help="default: now")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    _add_home_networks(parser)
    parser.set_defaults(command=tune.tune)


def _add_demo(commands: "Commands") -> None:
    parser = add_parser(commands, "demo", "show a made-up network, without capturing anything")
    parser.set_defaults(command=operate.demo)


def _add_simulate(commands: "Commands") -> None:
    parser = add_parser(commands, "simulate", "write a made-up day with attacks, labelled")
    parser.add_argument(
        "--out",
        type=parse_simulated_file,
        required=True,
        metavar="FILE",
        help="packets as .pcap, Zeek's conn.log as .log, flows as .ndjson; labels go beside it",
    )
    parser.add_argument(
        "--rows",
        type=parse_count,
        metavar="N",
        help="this many flows; without --attacks 86 %% of them normal, 5 %% of a distributed"
        " flood, 5 %% of scans, 4 %% of password guessing, however long that takes",
    )
    parser.add_argument("--hours", type=parse_hours, default=24.0, help="default: 24")
    parser.add_argument("--hosts", type=parse_count, default=12, help="devices (default: 12)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same day")
    parser.add_argument(
        "--attacks",
        nargs="*",
        metavar="NAME",
        help="which; all, or nothing for none (default: all)",
    )
    parser.add_argument(
        "--start", type=parse_time, default=1_767_571_200.0, metavar="TIME", help="default: fixed"
    )
    parser.set_defaults(command=simulate.simulate)


def _add_check_config(commands: "Commands") -> None:
    parser = add_parser(
        commands, "check-config", "print the merged configuration, or what is wrong in it"
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="as --config")
    parser.set_defaults(command=operate.check_config)


def _add_status(commands: "Commands") -> None:
    parser = add_parser(commands, "status", "show how the running appliance is")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    parser.set_defaults(command=queries.show_status)


def _add_lists(commands: "Commands") -> None:
    for noun, text in (("flows", "finished flows"), ("hosts", "addresses seen")):
        group = commands.add_parser(noun, help=text).add_subparsers(metavar="ACTION", required=True)
        parser = add_parser(group, "list", f"list {text}, newest first")
        add_list_flags(parser)
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
