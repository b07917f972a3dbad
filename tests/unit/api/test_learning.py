"""Fingerprints, models and training on demand over HTTP."""

from typing import Any

import pytest

from tests.support.asking import ask, get, problem

NOW_S = 1_763_650_000.0


def test_fingerprints_of_a_host(world: Any) -> None:
    body = get(world, "/api/v1/hosts/::ffff:192.168.1.20/windows?limit=7")
    assert body["data"][0]["values"]["total_flows"] == 212
    assert world.reader.asked == [("host_windows", "192.168.1.20", NOW_S - 86_400, NOW_S, 7)]
    for path in ("/api/v1/hosts/nobody/windows", "/api/v1/hosts/10.0.0.1/windows?limit=0"):
        (answer,) = ask(world, path)
        problem(answer, 400)


def test_models_and_what_training_does(world: Any) -> None:
    body = get(world, "/api/v1/models")
    assert (body["data"][0]["version"], body["training"]["state"]) == (7, "idle")


@pytest.mark.parametrize(
    ("path", "work"),
    [
        ("/api/v1/models/train", "train"),
        ("/run-analysis", "analyze"),
        ("/api/train_model", "train"),
    ],
)
def test_work_is_accepted_at_once_and_not_twice(world: Any, path: str, work: str) -> None:
    first, second = ask(world, path, path, method="POST")
    assert (first.status_code, first.json()["status"]) == (202, "accepted")
    assert (second.status_code, second.json()["status"]) == (202, "waiting")
    assert world.training.asked == [work, work]


def test_the_logs_other_systems_send_along_do_no_harm(world: Any) -> None:
    logs = [{"source_ip": "10.0.0.1", "content": {"n": n}} for n in range(5_000)]
    body = {"source_ip": "10.0.0.1", "window_minutes": 60, "logs": logs}
    (answer,) = ask(world, "/api/train_model", method="POST", json=body)
    assert answer.status_code == 202
    for content in (b"[]", b"{", b'{"window_minutes": "x"}', b'{"source_ip": "\xff"}'):
        (answer,) = ask(world, "/api/train_model", method="POST", content=content)
        problem(answer, 400)
    assert world.training.asked == ["train"]


def test_going_back_to_an_earlier_version(world: Any) -> None:
    path = "/api/v1/models/rollback"
    for body in ({}, {"version": 6}):
        (answer,) = ask(world, path, method="POST", json=body)
        assert (answer.status_code, answer.json()["version"]) == (200, 6)
    (answer,) = ask(world, path, method="POST", json={"version": 5})
    problem(answer, 404)
    (answer,) = ask(world, path, method="POST", json={"version": -1})
    assert problem(answer, 400)["errors"][0]["parameter"] == "version"


def test_without_learning_there_is_nobody_to_ask(world: Any) -> None:
    names = world.services.__dataclass_fields__
    fields = {name: getattr(world.services, name) for name in names} | {"training": None}
    world.services = type(world.services)(**fields)
    (answer,) = ask(world, "/run-analysis", method="POST")
    assert "learn.enabled" in problem(answer, 503)["detail"]
