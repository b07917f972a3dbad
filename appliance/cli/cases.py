"""Commands about alerts, incidents, mutes and what is learnt.

Lists are read from the store itself when no appliance runs; changes are for the running one.
"""

import argparse
import getpass
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import quote

import msgspec

from appliance.cli.casecolumns import (
    ALERT_COLUMNS,
    INCIDENT_COLUMNS,
    MUTE_COLUMNS,
    describe_alert,
    describe_incident,
    describe_preview,
    describe_proposals,
)
from appliance.cli.client import fetch, send
from appliance.cli.output import Column, write_rows
from appliance.cli.queries import Pager, fetch_page, list_rows, open_store
from appliance.cli.settings import load_settings
from appliance.errors import ApplianceError
from appliance.model.views import AlertFilter, Page

_FILTERS = ("since", "until", "kind", "severity", "state", "host", "device", "text")
_MUTE = ("host", "device", "kind", "peer", "peer_name", "asn", "port", "days", "reason")


def list_alerts(arguments: argparse.Namespace) -> int:
    """Print alerts, the ones raised last first."""
    return _list_cases(arguments, "alerts", ALERT_COLUMNS)


def list_incidents(arguments: argparse.Namespace) -> int:
    """Print incidents, the newest first."""
    return _list_cases(arguments, "incidents", INCIDENT_COLUMNS)


def show_alert(arguments: argparse.Namespace) -> int:
    """Print one alert."""
    return _show(arguments, "alert", describe_alert)


def show_incident(arguments: argparse.Namespace) -> int:
    """Print one incident."""
    return _show(arguments, "incident", describe_incident)


def decide(arguments: argparse.Namespace) -> int:
    """Acknowledge, close or reopen an alert."""
    config, _ = load_settings(arguments)
    said = {"comment": arguments.comment, "verdict": arguments.verdict, "by": _whoami()}
    path = f"/api/v1/alerts/{quote(arguments.id, safe='')}/{arguments.verb}"
    changed = send(config.api, "POST", path, said)
    return _say([f"{changed['id']} is {changed['state']}"])


def mute_alert(arguments: argparse.Namespace) -> int:
    """Mute what an alert is about, or show which mutes would."""
    config, _ = load_settings(arguments)
    path = f"/api/v1/alerts/{quote(arguments.id, safe='')}/mute"
    if arguments.preview:
        found = send(config.api, "POST", f"{path}?preview=true", {"by": _whoami()})
        return _say(describe_proposals(found["data"]))
    wanted = {name: getattr(arguments, name) for name in ("choice", "days", "reason")}
    found = send(config.api, "POST", path, wanted | {"by": _whoami()})
    return _say(describe_proposals(found["data"]))


def list_mutes(arguments: argparse.Namespace) -> int:
    """Print all mutes."""
    config, _ = load_settings(arguments)
    answer = fetch(config.api, "/api/v1/mutes", {})
    if answer is None:
        with closing(open_store(config)) as reader:
            rows = msgspec.to_builtins(reader.cases.mutes())
    else:
        rows = answer["data"]
    write_rows(rows, MUTE_COLUMNS, arguments.output, sys.stdout)
    return 0


def add_mute(arguments: argparse.Namespace) -> int:
    """Put a mute in force, or show what it would have held back."""
    config, _ = load_settings(arguments)
    wanted = {name: getattr(arguments, name) for name in _MUTE} | {"by": _whoami()}
    if arguments.preview:
        found = send(config.api, "POST", "/api/v1/mutes/preview", wanted)
        return _say([describe_preview(found)])
    added = send(config.api, "POST", "/api/v1/mutes", wanted)
    return _say([f"mute {added['id']} is in force"])


def remove_mute(arguments: argparse.Namespace) -> int:
    """Lift a mute."""
    config, _ = load_settings(arguments)
    send(config.api, "DELETE", f"/api/v1/mutes/{arguments.id}")
    return _say([f"mute {arguments.id} is lifted"])


def _list_cases(arguments: argparse.Namespace, noun: str, columns: tuple[Column, ...]) -> int:
    config, _ = load_settings(arguments)
    where = AlertFilter(
        incident=getattr(arguments, "incident", ""),
        **{name: getattr(arguments, name) for name in _FILTERS},
    )

    def ask(limit: int, cursor: str) -> Page | None:
        query = msgspec.structs.replace(where, limit=limit, cursor=cursor)
        return fetch_page(config, f"/api/v1/{noun}", msgspec.structs.asdict(query))

    def read(stack: ExitStack) -> Pager:
        cases = stack.enter_context(closing(open_store(config))).cases
        find = cases.alerts if noun == "alerts" else cases.incidents
        return lambda limit, cursor: find(
            msgspec.structs.replace(where, limit=limit, cursor=cursor)
        )

    return list_rows(arguments, columns, ask, read)


def _show(
    arguments: argparse.Namespace,
    noun: str,
    describe: Callable[[dict[str, Any]], Iterable[str]],
) -> int:
    config, _ = load_settings(arguments)
    found = fetch(config.api, f"/api/v1/{noun}s/{quote(arguments.id, safe='')}", {})
    if found is None:
        with closing(open_store(config)) as reader:
            find = reader.cases.alert if noun == "alert" else reader.cases.incident
            found = msgspec.to_builtins(find(arguments.id))
    if found is None:
        raise ApplianceError(f"there is no {noun} {arguments.id}")
    if arguments.output == "json":
        return _say([msgspec.json.encode(found).decode()])
    return _say(describe(found))


def _say(lines: Iterable[str]) -> int:
    sys.stdout.writelines(line + "\n" for line in lines)
    return 0


def _whoami() -> str:
    try:
        return getpass.getuser()[:64]
    except (KeyError, OSError):  # a user without a name
        return ""
