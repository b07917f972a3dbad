"""The thread that trains, and what is asked of it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.learn.flowmodel import KIND as FLOWS
from appliance.learn.hostmodel import KIND as HOSTS
from appliance.learn.modelfile import About, make_model_file
from appliance.learn.shelf import ModelShelf
from appliance.pipeline import training as module
from appliance.pipeline.training import MODELS, TrainingRoom, make_row, roll_back
from appliance.store.reader import StoreReader
from tests.support.closedwindows import window
from tests.support.flowbatches import T0_S
from tests.support.watching import Post

PATIENCE_S = 20.0


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    return ModelShelf(tmp_path / "models", 5)


def put(shelf: ModelShelf, kind: str, trained_s: float) -> int:
    about = About(kind=kind, features=("x",), numbers={"threshold": 0.7}, rows=9)
    version = shelf.add(make_model_file(about, {"x": np.zeros(1)}), trained_s)
    shelf.promote(kind, version, "promoted: the first one")
    return version


def test_rolling_back_undoes_what_came_last(shelf: ModelShelf) -> None:
    put(shelf, HOSTS, 100.0)
    put(shelf, FLOWS, 100.0)
    put(shelf, HOSTS, 200.0)
    now = roll_back(shelf, 0)
    assert now is not None
    assert (now.kind, now.version) == (HOSTS, 1)
    flows = shelf.current(FLOWS)
    assert flows is not None
    assert flows.version == 1, "it was not what came last"
    assert roll_back(shelf, 0) is None, "there is nothing before it"


def test_a_version_is_taken_for_every_kind_that_has_it(shelf: ModelShelf) -> None:
    for trained_s in (100.0, 200.0):
        put(shelf, HOSTS, trained_s)
        put(shelf, FLOWS, trained_s)
    now = roll_back(shelf, 1)
    assert now is not None
    assert (now.kind, now.version) == (HOSTS, 1)
    assert [entry.version for entry in shelf.entries() if entry.state == "current"] == [1, 1]
    assert roll_back(shelf, 9) is None


def test_a_version_as_people_see_it(shelf: ModelShelf) -> None:
    put(shelf, HOSTS, 100.0)
    put(shelf, HOSTS, 200.0)
    newest, first = (make_row(entry) for entry in shelf.entries())
    assert (newest.version, newest.name, newest.active, newest.promoted) == (2, HOSTS, True, True)
    assert (first.active, first.promoted, first.created) == (False, True, 100.0)
    assert (newest.threshold, newest.rows) == (0.7, 9)


class Room:
    """A room with its thread, and a pipeline that serves."""

    def __init__(self, post: Post, now: Callable[[], float]) -> None:
        self.room = TrainingRoom(
            post.folder, lambda: StoreReader(post.folder), post.mailbox, lambda: post.watch, now
        )
        self._post = post
        self._thread = threading.Thread(target=self.room.run)
        self._thread.start()

    def wait_until(self, done: Callable[[], Any]) -> None:
        turn = threading.Event()
        for _ in range(int(PATIENCE_S / 0.01)):
            self._post.mailbox.serve()
            if done():
                return
            turn.wait(0.01)
        raise AssertionError(self.room.status())

    def end(self) -> None:
        self.room.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def room(post: Post, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(module, "TURN_S", 0.01)
    post.open()
    for at in range(60):
        post.writer.write_windows(window(T0_S - 36_000 + at * 600.0))
    post.writer.flush()
    made = Room(post, lambda: T0_S)
    yield made
    made.end()


@pytest.mark.slow
@pytest.mark.compiled
def test_what_is_trained_judges_from_then_on(room: Room, post: Post) -> None:
    pytest.importorskip("sklearn")
    room.wait_until(room.room.models)
    (row,) = room.room.models()
    assert (row.name, row.version, row.active) == (HOSTS, 1, True)
    assert room.room.status().state == "idle"
    assert "promoted" in room.room.status().outcome
    learning = post.watch.learning
    assert learning is not None
    filled, _ = learning.score_windows(window(T0_S, strange=1), T0_S)
    assert learning.version == 1
    assert filled.model.max() > 0.9
    assert room.room.request("train")
    room.wait_until(lambda: len(room.room.models()) == 2)
    assert room.room.request("analyze")
    room.wait_until(lambda: room.room.request("analyze"))
    assert post.watch.detection.casebook.statistics().signals > 0
    job = room.room.roll_back(1)
    room.wait_until(job.done)
    found = job.result()
    assert found is not None
    assert found.version == 1
    assert (post.folder / MODELS / "index.json").exists()


def test_with_too_little_it_says_so(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_S", 0.01)
    post.open()
    made = Room(post, lambda: T0_S)
    assert made.room.request("train")
    made.wait_until(lambda: made.room.status().outcome)
    assert made.room.status().outcome.startswith("too little to learn from")
    assert made.room.request("analyze")
    made.wait_until(lambda: made.room.request("analyze"))
    job = made.room.roll_back(3)
    made.wait_until(job.done)
    assert job.result() is None
    made.end()


def test_what_is_asked_for_twice_waits_once(post: Post) -> None:
    room = TrainingRoom(
        post.folder, lambda: StoreReader(post.folder), post.mailbox, post.open, float
    )
    assert room.request("train")
    assert not room.request("train")
    assert room.request("analyze")
    assert room.status().state == "waiting"
    assert room.models() == []
