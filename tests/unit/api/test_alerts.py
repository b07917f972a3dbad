"""Alerts and incidents over HTTP, and what people say about them."""

from concurrent.futures import Future
from typing import Any

import msgspec
import pytest

from appliance.api import desk
from appliance.model.alert import AlertState
from appliance.model.views import AlertFilter, Decision
from appliance.runtime.mailbox import MailboxFull
from tests.support.asking import ask, get, problem

ONE = "A000000000003"
NOW_S = 1_763_650_000.0


def test_alerts_pass_the_filter_and_page(world: Any) -> None:
    query = "kind=beacon&severity=medium&state=open&host=10.0.0.0/8&device=nas&incident=INC-1001"
    body = get(world, f"/api/v1/alerts?{query}&text=every&since=5&until=9&cursor=2&limit=3")
    assert (body["count"], body["next"]) == (3, "5")
    assert [row["id"] for row in body["data"]] == [f"A{n:012}" for n in (7, 6, 5)]
    assert world.reader.asked == [
        (
            "alerts",
            AlertFilter(
                kind="beacon", severity="medium", state="open", host="10.0.0.0/8", device="nas",
                incident="INC-1001", text="every", since=5, until=9, cursor="2", limit=3,
            ),
        )
    ]  # fmt: skip


def test_one_alert_with_its_evidence(world: Any) -> None:
    body = get(world, f"/api/v1/alerts/{ONE}")
    assert body["id"] == ONE
    assert body["evidence"][0]["terms"] == [["timing", 2.4, "96 contacts, one every 300 s"]]


def test_counts_incidents_and_one_incident(world: Any) -> None:
    assert get(world, "/api/v1/alerts/counts?minutes=60&step=600")["data"][0]["count"] == 1
    assert world.reader.asked[-1] == ("counts", NOW_S - 3_600, NOW_S, 600)
    assert get(world, "/api/v1/incidents?kind=beacon")["data"][0]["id"] == "INC-1001"
    assert get(world, "/api/v1/incidents/INC-1001")["kinds"] == ["beacon"]


@pytest.mark.parametrize(
    "path", ["/api/v1/alerts/A1", "/api/v1/incidents/INC-9", "/api/v1/alerts/counts/x"]
)
def test_what_is_not_there_is_404(world: Any, path: str) -> None:
    (answer,) = ask(world, path)
    problem(answer, 404)


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/v1/alerts?kind=nonsense", "kind"),
        ("/api/v1/alerts?severity=huge", "severity"),
        ("/api/v1/alerts?state=gone", "state"),
        ("/api/v1/alerts?host=10.0.0.0/99", "host"),
        ("/api/v1/alerts?since=9&until=5", "since"),
        ("/api/v1/alerts?limit=1001", "limit"),
        ("/api/v1/alerts/" + "A" * 33, "id"),
        ("/api/v1/incidents/%c3%a4", "id"),
        ("/api/v1/incidents?incident=INC-1", "'incident'"),
        ("/api/v1/alerts/counts?minutes=525600&step=60", "step"),
    ],
)
def test_a_bad_parameter_is_named(world: Any, path: str, parameter: str) -> None:
    (answer,) = ask(world, path)
    assert [error["parameter"] for error in problem(answer, 400)["errors"]] == [parameter]
    assert world.reader.asked == []


def test_a_cursor_that_means_nothing_is_named(world: Any) -> None:
    world.reader.failure = ValueError("not a cursor: 'zz'")
    for answer in ask(world, "/api/v1/alerts?cursor=zz", "/api/v1/incidents?cursor=zz"):
        assert problem(answer, 400)["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        ("acknowledge", AlertState.ACKNOWLEDGED),
        ("close", AlertState.CLOSED),
        ("reopen", AlertState.OPEN),
    ],
)
def test_a_decision_reaches_the_desk_and_the_changed_alert_comes_back(
    world: Any, verb: str, state: AlertState
) -> None:
    said = {"comment": "it was me", "verdict": "false", "by": "mira"}
    (answer,) = ask(world, f"/api/v1/alerts/{ONE}/{verb}", method="POST", json=said)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == state
    decision = Decision(comment="it was me", verdict="false", by="mira")
    assert world.desk.asked == [("decide", ONE, state, decision)]


def test_a_decision_needs_no_body(world: Any) -> None:
    (answer,) = ask(world, f"/api/v1/alerts/{ONE}/close", method="POST")
    assert answer.status_code == 200
    (answer,) = ask(world, "/api/v1/alerts/A1/close", method="POST")
    problem(answer, 404)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"verdict": "perhaps"}', "verdict"),
        (b'{"comment": 5}', "comment"),
        (b'{"by": "' + b"x" * 65 + b'"}', "by"),
        (b'{"colour": "red"}', "body"),
        (b"[]", "body"),
        (b'{"comment": ', "body"),
        (b'{"comment": "\xff"}', "body"),
    ],
)
def test_a_bad_body_is_explained(world: Any, body: bytes, named: str) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    path = f"/api/v1/alerts/{ONE}/close"
    (answer,) = ask(world, path, method="POST", content=body, headers=headers)
    assert problem(answer, 400)["errors"][0]["parameter"] == named
    assert world.desk.asked == []


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_what_a_foreign_form_can_send_is_no_json(world: Any, kind: str) -> None:
    path = f"/api/v1/alerts/{ONE}/close"
    headers = {"content-type": kind}
    (answer,) = ask(world, path, method="POST", content=b"{}", headers=headers)
    problem(answer, 415)
    assert world.desk.asked == []


def test_a_body_that_is_too_long_is_refused(world: Any) -> None:
    said = {"comment": "x" * 70_000}
    (answer,) = ask(world, f"/api/v1/alerts/{ONE}/close", method="POST", json=said)
    problem(answer, 413)


def test_a_desk_that_cannot_is_503(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "TIMEOUT_S", 0.01)
    path = f"/api/v1/alerts/{ONE}/close"
    cancelled: Future[Any] = Future()
    cancelled.cancel()
    for world.desk.answer in (MailboxFull(), Future(), cancelled):
        (answer,) = ask(world, path, method="POST")
        problem(answer, 503)


def test_a_decision_that_cannot_be_is_explained(world: Any) -> None:
    refused: Future[Any] = Future()
    refused.set_exception(ValueError("it was closed a year ago"))
    world.desk.answer = refused
    (answer,) = ask(world, f"/api/v1/alerts/{ONE}/reopen", method="POST")
    assert "a year ago" in problem(answer, 400)["detail"]


def test_without_detection_there_is_nobody_to_tell(world: Any) -> None:
    world.services = _replace(world.services, alerts=None)
    (answer,) = ask(world, f"/api/v1/alerts/{ONE}/close", method="POST")
    assert "detect.enabled" in problem(answer, 503)["detail"]
    assert get(world, "/api/v1/alerts")["count"] == 9  # what is stored can still be read


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
    ],
)
def test_a_page_of_another_site_changes_nothing(world: Any, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", f"/api/v1/alerts/{ONE}/close"),
        ("POST", "/api/v1/mutes"),
        ("DELETE", "/api/v1/mutes/7"),
        ("POST", "/run-analysis"),
    ):
        (answer,) = ask(world, path, method=method, headers=headers)
        problem(answer, 403)
    assert world.desk.asked == []
    assert world.training.asked == []


def test_our_own_page_changes_things(world: Any) -> None:
    headers = {"origin": "http://127.0.0.1:8480", "sec-fetch-site": "same-origin"}
    (answer,) = ask(world, f"/api/v1/alerts/{ONE}/close", method="POST", headers=headers)
    assert answer.status_code == 200


def _replace(services: Any, **fields: Any) -> Any:
    names = services.__dataclass_fields__
    return type(services)(**{name: getattr(services, name) for name in names} | fields)


def test_an_alert_is_sent_as_it_is_stored(world: Any) -> None:
    body = get(world, f"/api/v1/alerts/{ONE}")
    found = msgspec.convert(body, type(world.reader.cases.rows[0]))
    assert found == next(row for row in world.reader.cases.rows if row.id == ONE)
