"""Commands that look at what the appliance has seen: status, flows list, hosts list.

They ask the running daemon. The lists are read from the store itself when no daemon runs.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.cli.client import fetch
from appliance.cli.columns import FLOW_COLUMNS, HOST_COLUMNS, describe_health
from appliance.cli.output import Column, write_rows
from appliance.cli.settings import load_settings
from appliance.config.schema import Config
from appliance.errors import ApplianceError
from appliance.model.views import FlowFilter, Page
from appliance.runtime.paths import find_store

_PAGE_ROWS = 1_000  # the most the API gives at once

_FILTERS = (
    "address", "src", "dst", "port", "proto", "country", "asn", "name", "state", "direction",
    "since", "until",
)  # fmt: skip
_MAX_TIME_S = 4e9  # the year 2096: "no end" for queries that want one

if TYPE_CHECKING:
    from appliance.store.reader import StoreReader

# One page: rows at most, cursor -> page
Pager = Callable[[int, str], Page]


def show_status(arguments: argparse.Namespace) -> int:
    """Print the health of the running appliance."""
    config, _ = load_settings(arguments)
    health = fetch(config.api, "/api/v1/health", {})
    if health is None:
        raise ApplianceError(f"not running: nobody listens on {config.api.host}:{config.api.port}")
    if not isinstance(health, dict) or "state" not in health:
        raise ApplianceError(f"{config.api.host}:{config.api.port} is not the appliance")
    if arguments.output == "json":
        sys.stdout.write(msgspec.json.encode(health).decode() + "\n")
    else:
        sys.stdout.writelines(line + "\n" for line in describe_health(health))
    return 0


def list_flows(arguments: argparse.Namespace) -> int:
    """Print flows, newest first."""
    config, _ = load_settings(arguments)
    where = FlowFilter(**{name: getattr(arguments, name) for name in _FILTERS})

    def ask(limit: int, cursor: str) -> Page | None:
        query = msgspec.structs.replace(where, limit=limit, cursor=cursor)
        return fetch_page(config, "/api/v1/flows", msgspec.structs.asdict(query))

    def read(stack: ExitStack) -> Pager:
        reader = stack.enter_context(closing(open_store(config)))
        return lambda limit, cursor: reader.flows(
            msgspec.structs.replace(where, limit=limit, cursor=cursor)
        )

    return list_rows(arguments, FLOW_COLUMNS, ask, read)


def list_hosts(arguments: argparse.Namespace) -> int:
    """Print addresses."""
    config, _ = load_settings(arguments)
    start = arguments.since or 0.0

    def ask(limit: int, cursor: str) -> Page | None:
        query = {"since": start, "until": arguments.until, "search": arguments.search}
        return fetch_page(config, "/api/v1/hosts", query | {"limit": limit, "cursor": cursor})

    def read(stack: ExitStack) -> Pager:
        reader = stack.enter_context(closing(open_store(config)))
        end = _MAX_TIME_S if arguments.until is None else arguments.until
        return lambda limit, cursor: reader.hosts(start, end, limit, cursor, arguments.search)

    return list_rows(arguments, HOST_COLUMNS, ask, read)


def fetch_page(config: Config, path: str, query: dict[str, Any]) -> Page | None:
    """Return a page from the running appliance; None if it does not run."""
    words = {name: str(value) for name, value in query.items() if value not in {None, ""}}
    answer = fetch(config.api, path, words)
    try:
        return None if answer is None else msgspec.convert(answer, Page)
    except msgspec.ValidationError as error:
        raise ApplianceError(f"{path}: not the appliance's answer: {error}") from error


def open_store(config: Config) -> "StoreReader":
    """Return a reader of the store itself, and say that it is one. Raises ApplianceError."""
    path = find_store(config.store.path, os.environ)
    if not path.is_dir():
        raise ApplianceError(f"not running, and there is no store in {path}")
    sys.stderr.write(f"appliance: not running, reading {path}\n")
    # apsw is not needed while a daemon answers
    from appliance.store.reader import StoreReader  # noqa: PLC0415

    return StoreReader(path)


def list_rows(
    arguments: argparse.Namespace,
    columns: tuple[Column, ...],
    ask: Callable[[int, str], Page | None],
    read: Callable[[ExitStack], Pager],
) -> int:
    """Print as many rows as were asked for.

    ask : asks the running appliance for a page, None if it does not run
    read : gives what reads pages from the store instead
    """
    first = ask(min(arguments.limit, _PAGE_ROWS), "")
    with ExitStack() as stack:
        pager = _insist(ask) if first is not None else read(stack)
        pages = _iter_pages(pager, arguments.limit, first)
        rows = (msgspec.to_builtins(row) for page in pages for row in page.data)
        try:
            write_rows(rows, columns, arguments.output, sys.stdout)
        except ValueError as error:
            raise ApplianceError(str(error)) from error  # a filter that means nothing to the store
    return 0


def _insist(ask: Callable[[int, str], Page | None]) -> Pager:
    def page(limit: int, cursor: str) -> Page:
        answer = ask(limit, cursor)
        if answer is None:
            raise ApplianceError("the appliance stopped while it was answering")
        return answer

    return page


def _iter_pages(pager: Pager, limit: int, page: Page | None) -> Iterator[Page]:
    """Yield pages until there are `limit` rows; `page` is the first one if it is known already."""
    left = limit
    page = page or pager(min(left, _PAGE_ROWS), "")
    while True:
        page.data = page.data[:left]
        yield page
        left -= len(page.data)
        if left <= 0 or not page.next or not page.data:
            return
        page = pager(min(left, _PAGE_ROWS), page.next)
