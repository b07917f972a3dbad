"""Versions: taken into use, refused, gone back to, cleared away."""

import logging
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import DataError
from appliance.learn.modelfile import About, ModelFile, make_model_file
from appliance.learn.shelf import ModelShelf, ModelState


def file(kind: str = "hosts", value: float = 1.0) -> ModelFile:
    return make_model_file(About(kind=kind, features=("a",)), {"x": np.array([value])})


@pytest.fixture
def shelf(models: Path) -> ModelShelf:
    return ModelShelf(models, keep=3)


def promote(shelf: ModelShelf, value: float, kind: str = "hosts") -> int:
    version = shelf.add(file(kind, value), trained_s=value)
    shelf.promote(kind, version, "better")
    return version


def used(shelf: ModelShelf, kind: str = "hosts") -> float | None:
    loaded = shelf.load(kind)
    return None if loaded is None else float(loaded.arrays["x"][0])


def test_a_candidate_is_not_used_before_it_is_promoted(shelf: ModelShelf) -> None:
    version = shelf.add(file(), trained_s=5)
    assert shelf.load("hosts") is None
    shelf.promote("hosts", version, "the first one")
    assert used(shelf) == 1
    about = shelf.read("hosts", version).about
    assert (about.version, about.parent, about.trained_s) == (1, 0, 5)
    assert shelf.read("hosts", shelf.add(file(), 6)).about.parent == 1


def test_a_refused_version_is_kept_out_with_its_reason(shelf: ModelShelf) -> None:
    promote(shelf, 1)
    shelf.refuse("hosts", shelf.add(file(value=2), 2), "worse")
    assert used(shelf) == 1
    assert [(e.state, e.reason) for e in shelf.entries()] == [
        (ModelState.REFUSED, "worse"),
        (ModelState.CURRENT, "better"),
    ]


def test_roll_back_goes_to_the_version_before_and_survives_a_restart(
    shelf: ModelShelf, models: Path
) -> None:
    for value in (1, 2, 3):
        promote(shelf, value)
    shelf.refuse("hosts", shelf.add(file(value=9), 9), "worse")
    assert shelf.roll_back("hosts") == 2
    again = ModelShelf(models, keep=3)
    assert used(again) == 2
    assert again.add(file(value=4), 4) == 5  # numbers are never used again


def test_there_is_not_always_a_way_back(shelf: ModelShelf) -> None:
    with pytest.raises(DataError, match="no earlier model of hosts"):
        shelf.roll_back("hosts")
    promote(shelf, 1)
    with pytest.raises(DataError, match="no earlier"):
        shelf.roll_back("hosts")
    assert used(shelf) == 1


def test_a_damaged_model_gives_way_to_the_one_before(
    shelf: ModelShelf, caplog: pytest.LogCaptureFixture
) -> None:
    promote(shelf, 1)
    path = shelf.path("hosts", promote(shelf, 2))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with caplog.at_level(logging.WARNING):
        assert used(shelf) == 1
    assert "damaged" in caplog.text
    shelf.path("hosts", 1).unlink()
    assert used(shelf) is None


def test_a_version_under_another_s_name_is_refused(shelf: ModelShelf) -> None:
    promote(shelf, 1)
    promote(shelf, 2)
    shelf.path("hosts", 2).write_bytes(shelf.path("hosts", 1).read_bytes())
    with pytest.raises(DataError, match="another model"):
        shelf.read("hosts", 2)


def test_old_versions_are_cleared_away_but_never_the_current_nor_the_way_back(
    shelf: ModelShelf, models: Path
) -> None:
    promote(shelf, 1)
    promote(shelf, 2)
    for value in range(3, 9):
        shelf.refuse("hosts", shelf.add(file(value=value), value), "worse")
    assert [(e.version, e.state) for e in shelf.entries()] == [
        (8, ModelState.REFUSED),
        (2, ModelState.CURRENT),
        (1, ModelState.FORMER),
    ]
    assert len(list(models.glob("*.model"))) == 3


def test_kinds_do_not_touch_each_other(shelf: ModelShelf) -> None:
    promote(shelf, 1)
    promote(shelf, 7, "flows")
    promote(shelf, 2)
    shelf.roll_back("hosts")
    assert (used(shelf), used(shelf, "flows")) == (1, 7)


def test_a_damaged_index_begins_anew_behind_what_lies_there(
    shelf: ModelShelf, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    promote(shelf, 1)
    (models / "index.json").write_text("{")
    again = ModelShelf(models, keep=3)
    assert "begin anew" in caplog.text
    assert again.load("hosts") is None
    assert again.add(file(), 2) == 2


def test_unknown_versions_are_refused_by_name(shelf: ModelShelf) -> None:
    with pytest.raises(DataError, match="version 4"):
        shelf.promote("hosts", 4, "")
