"""The daemon listening between two namespaces, and a dashboard that watches it."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from appliance.model.views import FlowFilter
from appliance.store.reader import StoreReader
from tests.support import talks
from tests.support.daemon import Daemon
from tests.support.veth import PATIENCE_S, Pair, inside, veth_pair

LINGER_S, IDLE_S = 1.0, 2.0
SETTINGS = {
    "api.port": "0",
    "flows.linger_s": str(LINGER_S),
    "flows.udp_idle_s": str(IDLE_S),
    "flows.icmp_idle_s": str(IDLE_S),
    "network.home": f"{talks.NEAR}/32,{talks.NEAR6}/128",
}

Row = dict[str, Any]


class Watcher:
    """A dashboard: keeps every flow of the live feed with the time it came."""

    def __init__(self, pair: Pair, port: int) -> None:
        self.opening: Row = {}
        self.flows: list[tuple[float, Row]] = []  # (s since the epoch, FlowRow)
        self.alerts: list[tuple[float, Row]] = []  # (s since the epoch, what happened to one)
        self.totals: list[int] = []
        self._changed = threading.Condition()
        self._connecting = connect(f"ws://127.0.0.1:{port}/ws", sock=dial(pair, port))
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._socket = self._connecting.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._connecting.__exit__(None, None, None)
        self._thread.join(PATIENCE_S)

    def find(self, **fields: Any) -> list[tuple[float, Row]]:
        return [(at, row) for at, row in self.flows if fields.items() <= row.items()]

    def wait_for(self, **fields: Any) -> tuple[float, Row]:
        with self._changed:
            assert self._changed.wait_for(lambda: self.find(**fields), PATIENCE_S), (
                fields,
                [row for _, row in self.flows],
            )
        return self.find(**fields)[0]

    def wait_for_alert(self, kind: str, host: str, timeout_s: float = PATIENCE_S) -> Row:
        """Return when (`at`) and how an alert was told first; fails if none comes."""

        def find() -> Row | None:
            for at_s, news in self.alerts:
                alert = news["alert"]
                if (alert["kind"], alert["host"]) == (kind, host):
                    return {"at": at_s, **alert}
            return None

        with self._changed:
            self._changed.wait_for(find, timeout_s)
            told = [(news["what"], news["alert"]["summary"]) for _, news in self.alerts]
        found = find()
        assert found is not None, (kind, host, told)
        return found

    def _run(self) -> None:
        try:
            for text in self._socket:
                self._take(json.loads(text), time.time())
        except ConnectionClosed:
            return

    def _take(self, message: Row, now_s: float) -> None:
        with self._changed:
            if message["type"] == "init":
                self.opening = message["data"]
            elif message["type"] == "alert":
                self.alerts.append((now_s, message["data"]))
            elif message["type"] == "traffic_update":
                self.flows += [(now_s, row) for row in message["data"]["flows"]]
                self.totals.append(message["data"]["flows_total"])
            self._changed.notify_all()


def dial(pair: Pair, port: int) -> socket.socket:
    with inside(pair.near):
        return socket.create_connection(("127.0.0.1", port), PATIENCE_S)


@contextmanager
def daemon(
    pair: Pair, folder: Path, *arguments: str, prefix: tuple[str, ...] = ()
) -> Iterator[Daemon]:
    settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    command = ("run", "-i", pair.near_if, *settings, *arguments)
    prefix = prefix or ("ip", "netns", "exec", pair.near)
    with Daemon(folder, command, prefix=prefix) as started:
        yield started


@contextmanager
def network() -> Iterator[Pair]:
    with veth_pair() as pair:
        talks.add_ipv6(pair)
        yield pair


def stored_flows(folder: Path, **where: Any) -> list[Row]:
    reader = StoreReader(folder / "state")
    rows = reader.flows(FlowFilter(limit=1_000, **where)).data
    reader.close()
    return [{name: getattr(row, name) for name in row.__struct_fields__} for row in rows]


def key_of(row: Row) -> Row:
    names = ("src_ip", "src_port", "dst_ip", "dst_port", "proto")
    return {name: row[name] for name in names if name in row}
