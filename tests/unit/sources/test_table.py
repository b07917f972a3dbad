"""Values of a log: numbers, times, texts; what is wrong marks its record."""

import pytest

from appliance.sources.table import UNSET, Table


def table(**columns) -> Table:
    return Table(columns, len(next(iter(columns.values()))))


def test_counts_from_text_and_numbers() -> None:
    made = table(n=["1", None, 3, "4.0", 5.0])
    assert made.counts("n").tolist() == [1, UNSET, 3, 4, 5]
    assert not made.bad.any()


@pytest.mark.parametrize("wrong", ["x", "-5", -5, "9" * 40, "nan", "inf", "1e300", [1]])
def test_a_count_that_is_none_marks_its_record(wrong) -> None:
    made = table(n=["1", wrong, "3"])
    assert made.counts("n").tolist() == [1, UNSET, 3]
    assert made.bad.tolist() == [False, True, False]
    assert made.reasons == {"n": 1}


def test_times_to_the_microsecond() -> None:
    made = table(ts=["1700000000.123457", 1_700_000_000.5, None, 0])
    assert made.times("ts").tolist() == [
        1_700_000_000_123_457_000, 1_700_000_000_500_000_000, UNSET, 0,
    ]  # fmt: skip


def test_times_as_iso() -> None:
    made = table(ts=["2021-06-09T20:55:13.160328Z", "2021-06-09T22:55:13.160328+02:00",
                     "2021-06-09 20:55:13.160328", None])  # fmt: skip
    assert made.times("ts").tolist() == [1_623_272_113_160_328_000] * 3 + [UNSET]


@pytest.mark.parametrize("wrong", ["yesterday", "nan", -1.0, 1e300, "99999999999", "inf", [2]])
def test_a_time_that_is_none_marks_its_record(wrong) -> None:
    made = table(ts=["5", wrong])
    assert made.times("ts").tolist() == [5_000_000_000, UNSET]
    assert made.bad.tolist() == [False, True]


def test_a_record_is_counted_once() -> None:
    made = table(a=["x"], b=["y"])
    made.counts("a")
    made.counts("b")
    assert made.reasons == {"a": 1}


def test_texts_and_lists() -> None:
    made = table(t=["a", None, 7], s=["a,b", None, ["c", 4]])
    assert made.texts("t") == ["a", "", "7"]
    assert made.lists("s", ",") == [("a", "b"), (), ("c", "4")]


def test_fields_that_are_not_there() -> None:
    made = table(a=["1", "2"])
    assert made.counts("b").tolist() == [UNSET, UNSET]
    assert made.times("b").tolist() == [UNSET, UNSET]
    assert made.texts("b") == ["", ""]
    assert made.lists("b", ",") == [(), ()]
    assert not made.bad.any()
