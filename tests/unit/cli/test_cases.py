"""Commands about alerts, incidents and mutes, against an appliance that answers from examples."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.api import caseexamples as examples
from appliance.cli.entry import main
from appliance.config.schema import Store
from appliance.model.alert import AlertChange
from appliance.store.writer import StoreWriter

Capture = pytest.CaptureFixture[str]
ONE = examples.ALERT.id
ANSWERS: dict[str, Any] = {
    "GET /api/v1/alerts": msgspec.structs.replace(examples.ALERTS, next=""),
    "GET /api/v1/incidents": examples.INCIDENTS,
    "GET /api/v1/mutes": examples.MUTES,
    f"GET /api/v1/alerts/{ONE}": examples.ALERT,
    "GET /api/v1/incidents/INC-1001": examples.INCIDENT,
    f"POST /api/v1/alerts/{ONE}/acknowledge": examples.ACKNOWLEDGED,
    f"POST /api/v1/alerts/{ONE}/mute": examples.PROPOSALS,
    "POST /api/v1/mutes": examples.MUTE,
    "POST /api/v1/mutes/preview": examples.PREVIEW,
    "DELETE /api/v1/mutes/3": None,
}


class _Handler(BaseHTTPRequestHandler):
    server: "Daemon"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = json.loads(self.rfile.read(length)) if length else None
        path, _, query = self.path.partition("?")
        self.server.asked.append((self.command, path, query, body))
        found = ANSWERS.get(f"{self.command} {path}", self)
        status = 404 if found is self else 204 if found is None else 200
        text = b'{"detail": "There is no such thing."}' if found is self else b""
        if status == 200:
            text = msgspec.json.encode(found)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class Daemon(ThreadingHTTPServer):
    """Answers as the API's examples do."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setenv("LOGNAME", "mira")
    with Daemon() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("APPLIANCE_API_PORT", str(server.server_port))
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave an alert and a mute in a store, and nobody running."""
    with Daemon() as server:
        monkeypatch.setenv("APPLIANCE_API_PORT", str(server.server_port))
    monkeypatch.setenv("APPLIANCE_STORE_PATH", str(tmp_path))
    writer = StoreWriter(tmp_path, Store())
    writer.write_alerts(
        [AlertChange(what="raised", alert=examples.ALERT, incident=examples.INCIDENT)]
    )
    writer.write_mutes([examples.MUTE])
    writer.close()


def say(capsys: Capture, line: str) -> str:
    assert main(line.split()) == 0
    return capsys.readouterr().out


def check_lists(capsys: Capture) -> None:
    out = say(capsys, "alerts list --severity low --host 192.168.0.0/16 --text contacted")
    assert out.split()[:3] == ["ID", "RAISED", "SEVERITY"]
    assert ONE in out
    assert "update.example.net tcp/4444" in out
    (row,) = json.loads(say(capsys, "alerts list -o json"))["data"]
    assert row == json.loads(msgspec.json.encode(examples.ALERT))
    head, line, *_ = say(capsys, "alerts list -o csv").splitlines()
    assert len(head.split(",")) == len(row)
    assert line.startswith(f"{ONE},")
    assert "INC-1001" in say(capsys, "incidents list --kind beacon")
    assert "device=nas-2 peer_name=update.example.net port=4444" in say(capsys, "mutes list")
    out = say(capsys, f"alerts show {ONE}")
    assert "nas-2 (192.168.1.20) has contacted 203.0.113.7 every 300 s" in out
    assert "+2.4  96 contacts, one every 300 s" in out
    assert json.loads(say(capsys, f"alerts show {ONE} -o json"))["id"] == ONE
    assert "nas-2: beacon" in say(capsys, "incidents show INC-1001")


def test_lists_ask_the_running_appliance(daemon: Daemon, capsys: Capture) -> None:
    check_lists(capsys)
    assert daemon.asked[0] == (
        "GET",
        "/api/v1/alerts",
        "severity=low&host=192.168.0.0%2F16&text=contacted&limit=50",
        None,
    )


@pytest.mark.usefixtures("stored")
def test_lists_are_read_from_the_store_when_nobody_runs(capsys: Capture) -> None:
    check_lists(capsys)


def test_what_people_say_is_sent(daemon: Daemon, capsys: Capture) -> None:
    line = f"alerts acknowledge {ONE} --comment mine --verdict real"
    assert say(capsys, line) == f"{ONE} is acknowledged\n"
    said = {"comment": "mine", "verdict": "real", "by": "mira"}
    assert daemon.asked == [("POST", f"/api/v1/alerts/{ONE}/acknowledge", "", said)]


def test_a_mute_is_shown_first_and_then_put_in_force(daemon: Daemon, capsys: Capture) -> None:
    sentence = "would have held back 4 alerts (3 low, 1 high)"
    assert sentence in say(capsys, f"alerts mute {ONE} --preview")
    assert "mute 3 is in force" in say(capsys, f"alerts mute {ONE} --choice 1 --days 7")
    assert sentence in say(capsys, "mutes add --kind beacon --preview")
    assert say(capsys, "mutes add --device nas-2 --reason known") == "mute 3 is in force\n"
    assert say(capsys, "mutes remove 3") == "mute 3 is lifted\n"
    queries = [query for _, _, query, _ in daemon.asked]
    assert queries == ["preview=true", "", "", "", ""]
    bodies = [body for *_, body in daemon.asked]
    assert bodies[1] == {"choice": 1, "days": 7, "reason": "", "by": "mira"}
    assert bodies[3]["device"] == "nas-2"
    assert bodies[3]["days"] == 30


@pytest.mark.parametrize(
    "line", ["alerts show A1", "alerts close A1", "incidents show INC-9", "mutes remove 9"]
)
@pytest.mark.usefixtures("daemon")
def test_what_is_not_there_fails_with_a_sentence(line: str, capsys: Capture) -> None:
    assert main(line.split()) == 1
    assert "There is no such thing." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("alerts show A1", "there is no alert A1"),
        ("alerts close A1", "not running"),
        ("mutes remove 3", "not running"),
        ("alerts list --host nonsense", "nonsense"),
    ],
)
@pytest.mark.usefixtures("stored")
def test_without_an_appliance_nothing_changes(line: str, sentence: str, capsys: Capture) -> None:
    assert main(line.split()) == 1
    assert sentence in capsys.readouterr().err


def test_names_from_the_wire_do_not_reach_the_terminal(
    daemon: Daemon, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = msgspec.structs.replace(examples.ALERT, summary="a\x1b[2Jb", peer_name="\x07x")
    monkeypatch.setitem(ANSWERS, f"GET /api/v1/alerts/{ONE}", evil)
    assert "\x1b" not in say(capsys, f"alerts show {ONE}")
