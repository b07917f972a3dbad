"""When training happens, what is done with the result, and what happens when it fails."""

import logging
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.config.schema import Learn
from appliance.learn import trainer as module
from appliance.learn.hostmodel import HostModel
from appliance.learn.modelfile import write_model_file
from appliance.learn.shelf import ModelShelf, ModelState
from appliance.learn.trainer import State, Trainer
from tests.support.fingerprints import Fleet, StoredPast, fleet, only
from tests.unit.learn.conftest import host_file

NOW_S = 1_760_100_000.0
CONFIG = Learn(every_s=3_600)


class Scripted:
    """A training process that ends as it is told, leaving what it is given."""

    left: ClassVar[dict[str, bytes]] = {}
    code: int | None = 0
    started: ClassVar[list["Scripted"]] = []

    def __init__(self, folder: Path, memory_mib: int) -> None:
        self.folder, self.memory_mib, self.killed = folder, memory_mib, False
        Scripted.started.append(self)

    def poll_nowait(self) -> int | None:
        if self.code == 0:
            for name, content in self.left.items():
                (self.folder / name).write_bytes(content)
        return self.code

    def wait(self, timeout_s: float) -> int | None:
        return self.poll_nowait()

    def kill(self) -> None:
        self.killed = True

    def complaint(self, code: int) -> str:
        return f"the training process failed with code {code}"


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    monkeypatch.setattr(module, "TrainingProcess", Scripted)
    Scripted.left, Scripted.code, Scripted.started = {}, 0, []
    return Scripted


@pytest.fixture
def past(usual: Fleet, flows: NDArray[Any]) -> StoredPast:
    return StoredPast(usual, flows)


@pytest.fixture
def shelf(models: Path) -> ModelShelf:
    return ModelShelf(models, keep=5)


def as_bytes(model: HostModel, tmp_path: Path) -> bytes:
    write_model_file(tmp_path / "made.model", host_file(model))
    return (tmp_path / "made.model").read_bytes()


def test_it_trains_at_once_and_then_at_intervals(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf
) -> None:
    trainer = Trainer(CONFIG, shelf, past)
    assert trainer.poll(NOW_S).state == State.TRAINING
    assert trainer.poll(NOW_S + 1).state == State.IDLE
    assert trainer.status().next_s == NOW_S + 1 + 3_600
    assert trainer.poll(NOW_S + 3_600).state == State.IDLE
    assert trainer.poll(NOW_S + 3_601).state == State.TRAINING
    assert len(scripted.started) == 2
    assert scripted.started[0].memory_mib == CONFIG.memory_mib
    trainer.close()
    assert scripted.started[1].killed
    assert not list(shelf.folder.glob(".job-*"))


def test_a_request_is_served_once_and_one_at_a_time(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf
) -> None:
    trainer = Trainer(Learn(enabled=False), shelf, past)
    assert trainer.poll(NOW_S).state == State.OFF
    assert trainer.request()
    scripted.code = None
    assert trainer.poll(NOW_S).state == State.TRAINING
    assert not trainer.request()
    trainer.poll(NOW_S + 1)
    assert len(scripted.started) == 1
    scripted.code = 0
    trainer.poll(NOW_S + 2)
    trainer.poll(NOW_S + 3)
    trainer.poll(NOW_S + 4)
    trainer.poll(NOW_S + 5)
    assert len(scripted.started) == 2  # the one asked for meanwhile, and no other


def test_a_promoted_model_is_handed_out_once_and_found_after_a_restart(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf, host_model: HostModel,
    tmp_path: Path,
) -> None:  # fmt: skip
    scripted.left = {"hosts.model": as_bytes(host_model, tmp_path)}
    trainer = Trainer(CONFIG, shelf, past)
    status = trainer.train_now(NOW_S)
    assert (status.promoted, status.state, status.hosts) == (1, State.IDLE, 8)
    assert "version 1 promoted: the first one" in status.note
    taken = trainer.take().hosts
    assert taken is not None
    assert taken.threshold == host_model.threshold
    assert trainer.take().hosts is None
    again = Trainer(CONFIG, ModelShelf(shelf.folder, keep=5), past)
    loaded = again.load().hosts
    assert loaded is not None
    assert np.array_equal(loaded.forest.nodes, host_model.forest.nodes)
    assert again.poll(NOW_S + 10).state == State.IDLE  # trained lately


def test_a_worse_candidate_is_refused_and_the_current_one_stays(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf, host_model: HostModel,
    tmp_path: Path, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    trainer = Trainer(CONFIG, shelf, past)
    scripted.left = {"hosts.model": as_bytes(host_model, tmp_path)}
    trainer.train_now(NOW_S)
    trainer.take()
    noisy = host_model._replace(threshold=0.1)
    scripted.left = {"hosts.model": as_bytes(noisy, tmp_path)}
    status = trainer.train_now(NOW_S + 10)
    assert status.refused == 1
    assert trainer.take().hosts is None
    assert [entry.state for entry in status.models] == [ModelState.REFUSED, ModelState.CURRENT]
    assert "alarms a day" in status.models[0].reason
    assert "not promoted" in caplog.text


def test_roll_back_hands_out_the_version_before(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf, host_model: HostModel,
    tmp_path: Path,
) -> None:  # fmt: skip
    trainer = Trainer(CONFIG, shelf, past)
    for threshold in (0.9, 0.8):
        scripted.left = {
            "hosts.model": as_bytes(host_model._replace(threshold=threshold), tmp_path)
        }
        trainer.train_now(NOW_S)
    trainer.take()
    assert trainer.roll_back("hosts") == 1
    taken = trainer.take().hosts
    assert taken is not None
    assert taken.threshold == 0.9


@pytest.mark.parametrize("code", [1, 4, -9])
def test_a_failure_is_told_and_tried_again_later(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf, code: int,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    scripted.code = code
    trainer = Trainer(CONFIG, shelf, past)
    trainer.poll(NOW_S)
    status = trainer.poll(NOW_S + 1)
    assert (status.state, status.failures) == (State.FAILED, 1)
    assert str(code) in status.note
    assert status.next_s == NOW_S + 1 + module.RETRY_S
    assert status.note in caplog.text


def test_a_damaged_result_is_a_failure(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf, host_model: HostModel,
    tmp_path: Path,
) -> None:  # fmt: skip
    scripted.left = {"hosts.model": as_bytes(host_model, tmp_path)[:-1]}
    status = Trainer(CONFIG, shelf, past).train_now(NOW_S)
    assert status.state == State.FAILED
    assert "damaged" in status.note
    assert status.models == []


def test_a_training_that_takes_too_long_is_ended(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf
) -> None:
    scripted.code = None
    trainer = Trainer(CONFIG, shelf, past)
    trainer.poll(NOW_S)
    assert trainer.poll(NOW_S + module.TIMEOUT_S).state == State.TRAINING
    status = trainer.poll(NOW_S + module.TIMEOUT_S + 1)
    assert status.state == State.FAILED
    assert scripted.started[0].killed
    assert not list(shelf.folder.glob(".job-*"))


def test_too_little_to_learn_from_starts_nothing(
    scripted: type[Scripted], shelf: ModelShelf, flows: NDArray[Any]
) -> None:
    two = fleet(hosts=2)
    trainer = Trainer(CONFIG, shelf, StoredPast(two, flows[:10]))
    status = trainer.poll(NOW_S)
    assert status.state == State.IDLE
    assert "too little to learn from: 48 windows of 2 hosts" in status.note
    assert scripted.started == []
    assert status.next_s == NOW_S + module.RETRY_S


def test_nothing_at_all_is_no_reason_to_fail(
    scripted: type[Scripted], shelf: ModelShelf, flows: NDArray[Any], usual: Fleet
) -> None:
    empty = only(usual, np.zeros(len(usual.hi), bool))
    assert (
        "0 windows of 0 hosts"
        in Trainer(CONFIG, shelf, StoredPast(empty, flows[:0])).poll(NOW_S).note
    )


def test_drift_brings_training_forward_but_not_for_ever(
    scripted: type[Scripted], past: StoredPast, shelf: ModelShelf
) -> None:
    trainer = Trainer(Learn(every_s=600_000), shelf, past)
    trainer.train_now(NOW_S)
    drifted = module.DriftReport(drifted=True)
    trainer.tell_drift(drifted, NOW_S + 60)
    assert trainer.poll(NOW_S + 61).state == State.IDLE
    trainer.tell_drift(drifted, NOW_S + module.DRIFT_PAUSE_S + 1)
    assert trainer.poll(NOW_S + module.DRIFT_PAUSE_S + 1).state == State.TRAINING
    trainer.close()


def test_what_a_crash_left_behind_is_removed(past: StoredPast, shelf: ModelShelf) -> None:
    (shelf.folder / ".job-old").mkdir()
    (shelf.folder / ".job-old" / "input.npz").write_bytes(b"x")
    Trainer(CONFIG, shelf, past)
    assert not (shelf.folder / ".job-old").exists()


@pytest.mark.slow
@pytest.mark.compiled
def test_a_real_training_gives_the_same_models_twice(
    past: StoredPast, shelf: ModelShelf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    trainer = Trainer(CONFIG, shelf, past)
    first = trainer.train_now(NOW_S)
    assert first.promoted == 2, first.note
    second = trainer.train_now(NOW_S + 10)
    contents = {(entry.kind, entry.content) for entry in second.models}
    assert len(contents) == 2
    assert len(second.models) == 4
