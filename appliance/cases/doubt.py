"""What the sensor did not see, and what may therefore not be said.

Evidence of absence (not seen before, nobody answered) and learnt baselines need a sensor that saw.
"""

import msgspec

from appliance.cases.kinds import describe
from appliance.model.alert import Family, Signal, Visibility

LOST_SHARE = 0.01  # of all frames: above this, "not seen" means nothing
ONE_SIDED_SHARE = 0.5  # of TCP flows: above this, "nobody answered" means nothing

_ABSENCE = frozenset({"habit", "dead"})  # terms that say something was not there
_UNANSWERED = frozenset({Family.FANOUT, Family.FAILURE, Family.VOLUME, Family.RATE})


def is_blind(visibility: Visibility) -> bool:
    """Tell whether so much was lost that absence proves nothing."""
    return visibility.lost_share > LOST_SHARE or visibility.clock_steps > 0


def weigh_doubt(signal: Signal, visibility: Visibility, most: float) -> Signal | None:
    """Return the signal as far as it can be believed; None if it must be held back.

    most : half decisions that doubtful evidence may come to, below a high alert
    """
    if is_blind(visibility):
        if describe(signal.kind).unsure:
            return None
        absent = sum(t.weight for t in signal.terms if t.name in _ABSENCE and t.weight > 0.0)
        if absent:
            signal = msgspec.structs.replace(signal, weight=signal.weight - absent)
    if visibility.one_sided_share > ONE_SIDED_SHARE and signal.family in _UNANSWERED:
        signal = msgspec.structs.replace(signal, limit=min(signal.limit, most))
    return signal


def combine(one: Visibility, other: Visibility) -> Visibility:
    """Return the worse of two moments."""
    if one == other or not _missed(other):
        return one
    return Visibility(
        dropped=max(one.dropped, other.dropped),
        lost_share=max(one.lost_share, other.lost_share),
        one_sided_share=max(one.one_sided_share, other.one_sided_share),
        clock_steps=max(one.clock_steps, other.clock_steps),
        note=other.note or one.note or _write_note(other),
    )


def _missed(visibility: Visibility) -> bool:
    return (
        is_blind(visibility)
        or visibility.one_sided_share > ONE_SIDED_SHARE
        or bool(visibility.note or visibility.dropped)
    )


def _write_note(visibility: Visibility) -> str:
    if visibility.clock_steps:
        return "The sensor's clock was set meanwhile; times may be off."
    if visibility.lost_share > 0.0:
        return f"The sensor lost {100 * visibility.lost_share:.2g} % of the frames meanwhile."
    if visibility.dropped:
        return f"The sensor lost {visibility.dropped} frames meanwhile."
    return "The sensor saw many connections in one direction only."
