import pytest

from appliance.cases.doubt import combine, is_blind, weigh_doubt
from appliance.model.alert import Family, Term, Visibility
from tests.support.signals import CLEAR, burst, retry, scan, signal, upload

LOSSY = Visibility(lost_share=0.02)
HALF = Visibility(one_sided_share=0.8)


def test_small_losses_are_no_blindness() -> None:
    assert not is_blind(Visibility(lost_share=0.01, dropped=5))
    assert is_blind(LOSSY)
    assert is_blind(Visibility(clock_steps=1))


def test_a_clear_view_changes_nothing() -> None:
    for one in (signal(), scan(), signal(kind="host_anomaly")):
        assert weigh_doubt(one, CLEAR, 3.5) is one


def test_models_are_held_back_by_losses() -> None:
    assert weigh_doubt(signal(kind="flow_anomaly"), LOSSY, 3.5) is None
    assert weigh_doubt(scan(), LOSSY, 3.5) is not None


def test_absence_weighs_nothing_among_losses() -> None:
    terms = (Term("habit", 0.5, "new"), Term("dead", 0.8, "no answer"), Term("timing", 2.0, "96"))
    seen = weigh_doubt(signal(weight=3.3, terms=terms), LOSSY, 3.5)
    assert seen is not None
    assert seen.weight == pytest.approx(2.0)
    known = (Term("habit", -1.5, "seen yesterday"),)
    innocent = weigh_doubt(signal(weight=1.0, terms=known), LOSSY, 3.5)
    assert innocent is not None
    assert innocent.weight == 1.0


@pytest.mark.parametrize("make", [scan, retry, upload, burst])
def test_silence_in_half_a_view_is_capped(make: type) -> None:
    seen = weigh_doubt(make(), HALF, 3.5)
    assert seen is not None
    assert seen.limit == 3.5
    strict = weigh_doubt(make(limit=2.0), HALF, 3.5)
    assert strict is not None
    assert strict.limit == 2.0


def test_what_was_seen_in_half_a_view_counts() -> None:
    known = signal(family=Family.INTEL)
    assert weigh_doubt(known, HALF, 3.5) is known


def test_the_worse_of_two_moments_stays() -> None:
    assert combine(CLEAR, CLEAR) == CLEAR
    assert combine(LOSSY, CLEAR) is LOSSY
    both = combine(LOSSY, Visibility(lost_share=0.1, dropped=7, note="Lost much."))
    assert (both.lost_share, both.dropped, both.note) == (0.1, 7, "Lost much.")
    assert combine(CLEAR, LOSSY).note == "The sensor lost 2 % of the frames meanwhile."
    assert combine(CLEAR, HALF).note.startswith("The sensor saw many connections in one")
    assert combine(CLEAR, Visibility(dropped=3)).note == "The sensor lost 3 frames meanwhile."
    assert "clock" in combine(CLEAR, Visibility(clock_steps=1)).note
