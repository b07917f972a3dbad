"""A forest from a file cannot lead the kernel astray."""

import numpy as np
import pytest

from appliance.errors import DataError
from appliance.learn.fit import fit_forest
from appliance.learn.forest import (
    check_forest,
    forest_arrays,
    join_forests,
    path_lengths,
    read_forest,
)
from appliance.learn.walk import score, walkable
from appliance.model.forest import Forest
from tests.oracles.forest import mean_path

ROWS = np.random.default_rng(1).normal(size=(200, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def forest() -> Forest:
    parts = [fit_forest(ROWS[: 50 * (1 + part)], trees=4, seed=part) for part in range(3)]
    return join_forests([parts[:1], parts[1:]])


def test_path_lengths_are_the_paper_s() -> None:
    assert path_lengths(300) == pytest.approx([mean_path(n) for n in range(301)])


def test_a_joined_forest_keeps_the_scores_of_its_parts(forest: Forest) -> None:
    alone = fit_forest(ROWS[:50], trees=4, seed=0)
    assert np.array_equal(score(walkable(forest), ROWS, 0), score(walkable(alone), ROWS))


def test_a_forest_survives_its_arrays(forest: Forest) -> None:
    again = read_forest({k: v.copy() for k, v in forest_arrays(forest).items()}, 4)
    for group in (0, 1):
        assert np.array_equal(
            score(walkable(again), ROWS, group), score(walkable(forest), ROWS, group)
        )


@pytest.mark.parametrize(
    ("name", "field", "place", "value", "told"),
    [
        ("nodes", "feature", 0, 4, "features"),
        ("nodes", "right", 0, 10_000_000, "children"),
        ("nodes", "right", 0, 0, "children"),
        ("nodes", "right", 0, -1, "children"),
        ("nodes", "feature", -1, 0, "children"),
        ("nodes", "threshold", 0, np.nan, "thresholds"),
        ("members", "first", 0, -1, "members"),
        ("members", "trees", 1, 500, "members"),
        ("members", "trees", 0, 0, "members"),
        ("members", "norm", 0, np.inf, "members"),
        ("roots", None, 0, 1, "roots"),
        ("roots", None, 1, 0, "roots"),
        ("groups", None, -1, 1, "groups"),
        ("groups", None, 1, 0, "groups"),
    ],
)
def test_damage_is_refused(
    forest: Forest, name: str, field: str | None, place: int, value: float, told: str
) -> None:
    arrays = {k: v.copy() for k, v in forest_arrays(forest).items()}
    if field is None:
        arrays[name][place] = value
    else:
        arrays[name][field][place] = value
    with pytest.raises(DataError, match=f"{told}|leaves"):
        read_forest(arrays, 4)


def test_leaves_of_impossible_size_are_refused(forest: Forest) -> None:
    arrays = {k: v.copy() for k, v in forest_arrays(forest).items()}
    leaf = int(np.flatnonzero(arrays["nodes"]["feature"] < 0)[0])
    for size in (-1, 70_000):
        arrays["nodes"]["right"][leaf] = size
        with pytest.raises(DataError, match="leaves"):
            read_forest(arrays, 4)


@pytest.mark.parametrize("name", ["nodes", "roots", "members", "groups"])
def test_missing_or_foreign_arrays_are_refused(forest: Forest, name: str) -> None:
    arrays = forest_arrays(forest)
    for bad in (None, np.zeros(3), np.zeros(0, arrays[name].dtype), arrays[name].reshape(1, -1)):
        changed = {k: v for k, v in arrays.items() if k != name}
        if bad is not None:
            changed[name] = bad
        with pytest.raises(DataError, match=name):
            read_forest(changed, 4)


def test_a_sound_forest_passes(forest: Forest) -> None:
    check_forest(forest, 4)
