"""Commands about alerts, incidents, mutes and what is learnt, with their flags."""

import argparse
from typing import TYPE_CHECKING

from appliance.cli import cases, learning
from appliance.cli.flags import add_list_flags, add_parser
from appliance.model.alert import KINDS, SEVERITIES, AlertState

if TYPE_CHECKING:
    from appliance.cli.flags import Commands

_SHOW = ("table", "json")
_LISTS = ("table", "json", "ndjson", "csv")


def add_cases(commands: "Commands") -> None:
    """Add all of them."""
    _add_alerts(commands)
    _add_incidents(commands)
    _add_mutes(commands)
    _add_learning(commands)


def _add_alerts(commands: "Commands") -> None:
    actions = commands.add_parser("alerts", help="what was detected").add_subparsers(
        metavar="ACTION", required=True
    )
    parser = add_parser(actions, "list", "list alerts, the ones raised last first")
    add_list_flags(parser)
    _add_filters(parser)
    parser.add_argument("--incident", default="", metavar="ID", help="of one incident")
    parser.set_defaults(command=cases.list_alerts)
    parser = _add_one(actions, "show", "show an alert with its evidence")
    parser.add_argument("-o", "--output", choices=_SHOW, default="table")
    parser.set_defaults(command=cases.show_alert)
    for verb, text in (
        ("acknowledge", "say that somebody looks after it"),
        ("close", "say that it is dealt with"),
        ("reopen", "say that it is not dealt with after all"),
    ):
        parser = _add_one(actions, verb, text)
        parser.add_argument("--comment", default="", metavar="TEXT")
        parser.add_argument("--verdict", choices=("real", "false"), default="")
        parser.set_defaults(command=cases.decide, verb=verb)
    parser = _add_one(actions, "mute", "mute what an alert is about, as narrowly as fits")
    _add_mute_flags(parser)
    parser.add_argument(
        "--choice", type=int, default=0, metavar="N", help="of the proposals --preview shows"
    )
    parser.set_defaults(command=cases.mute_alert)


def _add_incidents(commands: "Commands") -> None:
    actions = commands.add_parser("incidents", help="alerts of one story").add_subparsers(
        metavar="ACTION", required=True
    )
    parser = add_parser(actions, "list", "list incidents, the newest first")
    add_list_flags(parser)
    _add_filters(parser)
    parser.set_defaults(command=cases.list_incidents)
    parser = _add_one(actions, "show", "show an incident with its timeline")
    parser.add_argument("-o", "--output", choices=_SHOW, default="table")
    parser.set_defaults(command=cases.show_incident)


def _add_mutes(commands: "Commands") -> None:
    actions = commands.add_parser("mutes", help="what is not reported").add_subparsers(
        metavar="ACTION", required=True
    )
    parser = add_parser(actions, "list", "list mutes")
    parser.add_argument("-o", "--output", choices=_LISTS, default="table")
    parser.set_defaults(command=cases.list_mutes)
    parser = add_parser(actions, "add", "add a mute: every field given must match")
    for flag, text in (
        ("--host", "an address or a CIDR prefix"),
        ("--device", "name or MAC of a device"),
        ("--peer", "an address or a CIDR prefix"),
        ("--peer-name", "a name, or with a leading dot all below it"),
    ):
        parser.add_argument(flag, default="", metavar=flag[2:].upper(), help=text)
    parser.add_argument("--kind", choices=KINDS, default="", metavar="KIND")
    parser.add_argument("--asn", type=int, default=0, metavar="ASN", help="of the peer")
    parser.add_argument("--port", type=int, default=0, metavar="PORT", help="of the peer")
    _add_mute_flags(parser)
    parser.set_defaults(command=cases.add_mute)
    parser = add_parser(actions, "remove", "lift a mute")
    parser.add_argument("id", type=int, metavar="ID")
    parser.set_defaults(command=cases.remove_mute)


def _add_learning(commands: "Commands") -> None:
    parser = add_parser(commands, "train", "learn anew how hosts usually are")
    parser.set_defaults(command=learning.train)
    parser = add_parser(commands, "analyze", "judge the last windows now")
    parser.add_argument("-o", "--output", choices=_LISTS, default="table")
    parser.set_defaults(command=learning.analyze)
    actions = commands.add_parser("models", help="what was learnt").add_subparsers(
        metavar="ACTION", required=True
    )
    parser = add_parser(actions, "list", "list versions, the newest first")
    parser.add_argument("-o", "--output", choices=_LISTS, default="table")
    parser.set_defaults(command=learning.list_models)
    parser = add_parser(actions, "rollback", "judge with an earlier version")
    parser.add_argument(
        "version", nargs="?", type=int, default=0, metavar="VERSION", help="default: the one before"
    )
    parser.set_defaults(command=learning.roll_back)


def _add_one(actions: "Commands", name: str, text: str) -> argparse.ArgumentParser:
    parser = add_parser(actions, name, text)
    parser.add_argument("id", metavar="ID")
    return parser


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", choices=KINDS, default="", metavar="KIND", help="such as beacon")
    parser.add_argument(
        "--severity", choices=[str(level) for level in SEVERITIES], default="", help="at least"
    )
    parser.add_argument("--state", choices=[str(state) for state in AlertState], default="")
    for flag, text in (
        ("--host", "whose behaviour it is: an address or a CIDR prefix"),
        ("--device", "name or MAC of the device"),
        ("--text", "part of what it says"),
    ):
        parser.add_argument(flag, default="", metavar=flag[2:].upper(), help=text)


def _add_mute_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--days", type=int, default=30, metavar="N", help="how long (default: 30); 0 for ever"
    )
    parser.add_argument("--reason", default="", metavar="TEXT")
    parser.add_argument(
        "--preview", action="store_true", help="change nothing, show what would be held back"
    )
