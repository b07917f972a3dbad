"""Commands about what is learnt: asked of the appliance, or done here."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.api import caseexamples as examples
from appliance.cli import client
from appliance.cli.entry import main
from appliance.config.schema import Store
from appliance.store.writer import StoreWriter
from tests.support.closedwindows import HOSTS, window
from tests.support.flowbatches import T0_S
from tests.support.watching import contact

Capture = pytest.CaptureFixture[str]
ANSWERS: dict[str, Any] = {
    "POST /api/v1/models/train": {"message": "Training begins."},
    "POST /run-analysis": {"message": "The analysis begins."},
    "GET /api/v1/models": {"data": [{**json.loads(client.msgspec.json.encode(examples.MODEL))}]},
    "POST /api/v1/models/rollback": {"version": 3, "name": "hosts"},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Return what a running appliance was asked."""
    seen: list[tuple[str, Any]] = []

    def answer(_: Any, method: str, target: str, content: bytes | None) -> Any:
        seen.append((f"{method} {target}", json.loads(content) if content else None))
        return ANSWERS[f"{method} {target}"]

    monkeypatch.setattr(client, "_ask", answer)
    return seen


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Leave two windows in a store, and nobody running."""
    monkeypatch.setattr(client, "_ask", lambda *_: None)
    monkeypatch.setattr("appliance.cli.learning.configure_logging", lambda *_: None)
    monkeypatch.setattr("appliance.cli.learning.warm_up_apart", lambda *_: None)
    monkeypatch.setenv("APPLIANCE_STORE_PATH", str(tmp_path))
    writer = StoreWriter(tmp_path, Store())
    writer.write_windows(window(T0_S))
    writer.write_windows(window(T0_S + 600, strange=4))
    writer.write(contact(T0_S + 700))
    writer.close()
    return tmp_path


def test_a_running_appliance_is_asked(asked: list[tuple[str, Any]], capsys: Capture) -> None:
    for line in ("train", "analyze", "models list", "models rollback 3"):
        assert main(line.split()) == 0
    out = capsys.readouterr().out
    assert "Training begins." in out
    assert "version 3 of hosts judges from now on" in out
    assert asked[-1] == ("POST /api/v1/models/rollback", {"version": 3})


@pytest.mark.usefixtures("alone")
def test_without_one_the_newest_window_is_shown(capsys: Capture) -> None:
    assert main(["analyze", "-o", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["data"]
    assert rows[0]["host"] == HOSTS[4]
    assert len(rows) == len(HOSTS)
    assert main(["analyze"]) == 0
    assert HOSTS[4] in capsys.readouterr().out.splitlines()[1]


@pytest.mark.usefixtures("alone")
def test_without_one_there_is_too_little_to_train_on(capsys: Capture) -> None:
    assert main(["train"]) == 0
    assert "too little to learn from" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    assert capsys.readouterr().out.startswith("VERSION")
    assert main(["models", "rollback"]) == 1
    assert "there is no such version" in capsys.readouterr().err


def test_without_a_store_it_is_said(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("APPLIANCE_STORE_PATH", str(alone / "nowhere"))
    assert main(["train"]) == 1
    assert "not running, and there is no store" in capsys.readouterr().err
