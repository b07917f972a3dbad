"""Mutes over HTTP: shown before they take effect, never one that silences everything."""

from typing import Any

import pytest

from appliance.api import mutes
from appliance.model.alert import Mute
from tests.support.asking import ask, get, problem

NOW_S = 1_763_650_000.0
DAY_S = 86_400
ONE = "A000000000003"


def post(world: Any, path: str, body: dict[str, Any] | None = None) -> Any:
    (answer,) = ask(world, path, method="POST", json=body or {})
    return answer


def test_mutes_are_listed_added_and_lifted(world: Any) -> None:
    assert get(world, "/api/v1/mutes")["data"][0]["id"] == 3
    said = {"host": "10.0.0.5", "kind": "port_scan", "days": 2, "reason": "my scanner", "by": "m"}
    answer = post(world, "/api/v1/mutes", said)
    assert (answer.status_code, answer.json()["id"]) == (201, 7)
    expected = Mute(
        host="10.0.0.5", kind="port_scan", created=NOW_S, expires=NOW_S + 2 * DAY_S,
        created_by="m", reason="my scanner",
    )  # fmt: skip
    assert world.desk.asked == [("add", expected)]
    gone, unknown, bad = ask(
        world, "/api/v1/mutes/7", "/api/v1/mutes/8", "/api/v1/mutes/x", method="DELETE"
    )
    assert (gone.status_code, gone.content) == (204, b"")
    problem(unknown, 404)
    problem(bad, 404)


def test_a_mute_ends_unless_it_is_said_that_it_shall_not(world: Any) -> None:
    post(world, "/api/v1/mutes", {"asn": 64_496})
    post(world, "/api/v1/mutes", {"asn": 64_496, "days": 0})
    first, second = (mute for _, mute in world.desk.asked)
    assert first.expires == NOW_S + 30 * DAY_S
    assert second.expires == 0


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "body"),
        ({"days": 3, "reason": "all of it"}, "body"),
        ({"kind": "nonsense"}, "kind"),
        ({"host": "10.0.0.300"}, "host"),
        ({"peer": "10.0.0.0/40"}, "peer"),
        ({"port": 70_000}, "port"),
        ({"port": "443"}, "port"),
        ({"days": -1, "port": 1}, "days"),
        ({"id": 5, "port": 1}, "body"),
    ],
)
def test_a_mute_that_makes_no_sense_is_explained(
    world: Any, body: dict[str, Any], named: str
) -> None:
    for path in ("/api/v1/mutes", "/api/v1/mutes/preview"):
        assert problem(post(world, path, body), 400)["errors"][0]["parameter"] == named
    assert world.desk.asked == []


def test_a_preview_looks_at_stored_alerts_and_changes_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutes, "_PAGE", 4)
    answer = post(world, "/api/v1/mutes/preview", {"kind": "beacon"})
    assert answer.status_code == 200
    assert answer.json()["matched"] == 9
    assert [question[0] for question in world.reader.asked] == ["alerts"] * 3
    assert world.desk.asked == []


def test_a_preview_looks_at_so_many_alerts_and_no_more(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutes, "_PAGE", 2)
    monkeypatch.setattr(mutes, "PREVIEW_ALERTS", 6)
    assert post(world, "/api/v1/mutes/preview", {"kind": "beacon"}).json()["matched"] == 6


def test_an_alert_offers_its_mutes_with_what_each_would_silence(world: Any) -> None:
    answer = post(world, f"/api/v1/alerts/{ONE}/mute?preview=true", {"by": "m"})
    assert answer.status_code == 200
    narrow, wide = answer.json()["data"]
    assert (narrow["mute"]["port"], wide["mute"]["port"]) == (4_444, 0)
    assert narrow["preview"]["matched"] == wide["preview"]["matched"] == 9
    assert world.desk.asked == []


@pytest.mark.parametrize(("choice", "port"), [(0, 4_444), (1, 0)])
def test_a_proposal_is_put_in_force(world: Any, choice: int, port: int) -> None:
    body = {"choice": choice, "days": 1, "reason": "known", "by": "m"}
    answer = post(world, f"/api/v1/alerts/{ONE}/mute", body)
    assert answer.status_code == 200
    (data,) = answer.json()["data"]
    assert (data["mute"]["id"], data["mute"]["port"]) == (7, port)
    ((_, mute),) = world.desk.asked
    assert (mute.expires, mute.reason, mute.created_by) == (NOW_S + DAY_S, "known", "m")


def test_a_proposal_that_is_not_there_is_refused(world: Any, alert_of: Any) -> None:
    assert (
        "2 proposals"
        in problem(post(world, f"/api/v1/alerts/{ONE}/mute", {"choice": 2}), 400)["detail"]
    )
    problem(post(world, "/api/v1/alerts/A1/mute"), 404)
    world.reader.cases.rows.append(alert_of(77, kind="sensor_blind"))
    answer = post(world, "/api/v1/alerts/A000000000077/mute")
    assert "cannot be muted" in problem(answer, 400)["detail"]
    assert world.desk.asked == []
