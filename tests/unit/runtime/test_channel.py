import threading
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.runtime.channel import Channel, Overflow


def weighted(capacity: int, overflow: Overflow) -> Channel[str]:
    return Channel(capacity, overflow, weigh=len)


def test_first_in_first_out() -> None:
    channel: Channel[int] = Channel(3, Overflow.BLOCK)
    assert [channel.put(n) for n in range(3)] == [True] * 3
    assert [channel.get(0) for _ in range(3)] == [0, 1, 2]
    assert channel.get(0) is None


def test_full_blocking_channel_refuses_after_the_time_out() -> None:
    channel = weighted(4, Overflow.BLOCK)
    channel.put("abcd")
    assert not channel.put("e", timeout_s=0)
    statistics = channel.statistics()
    assert (statistics.refused, statistics.load, statistics.dropped) == (1, 4, 0)


def test_full_dropping_channel_gives_up_its_oldest_and_counts_their_weight() -> None:
    channel = weighted(5, Overflow.DROP_OLDEST)
    for text in ("aa", "bb", "c"):
        assert channel.put(text)
    assert channel.put("ddd")
    assert [channel.get(0), channel.get(0), channel.get(0)] == ["c", "ddd", None]
    assert channel.statistics().dropped == 4


@pytest.mark.parametrize("overflow", Overflow)
def test_an_item_heavier_than_the_channel_passes_alone(overflow: Overflow) -> None:
    channel = weighted(2, overflow)
    assert channel.put("too heavy", timeout_s=0)
    assert channel.get(0) == "too heavy"


def test_closed_channel_gives_what_it_has_and_takes_nothing() -> None:
    channel = weighted(3, Overflow.DROP_OLDEST)
    channel.put("abc")
    channel.close()
    channel.close()
    assert not channel.put("de")
    assert not channel.drained
    assert channel.get() == "abc"
    assert channel.get() is None
    assert channel.drained
    statistics = channel.statistics()
    assert (statistics.refused, statistics.dropped, statistics.taken) == (2, 0, 3)


def test_close_wakes_those_who_wait() -> None:
    empty, full = weighted(1, Overflow.BLOCK), weighted(1, Overflow.BLOCK)
    full.put("a")
    results: deque[object] = deque()
    threads = [
        threading.Thread(target=lambda: results.append(empty.get())),
        threading.Thread(target=lambda: results.append(full.put("b"))),
    ]
    for thread in threads:
        thread.start()
    empty.close()
    full.close()
    for thread in threads:
        thread.join(5)
    assert sorted(map(str, results)) == ["False", "None"]


def test_blocked_senders_all_get_through() -> None:
    channel = weighted(2, Overflow.BLOCK)
    senders = [
        threading.Thread(target=lambda text=text: [channel.put(text) for _ in range(50)])
        for text in ("a", "bb")
    ]
    for sender in senders:
        sender.start()
    taken = [channel.get(5) for _ in range(100)]
    for sender in senders:
        sender.join(5)
    assert sorted(map(str, taken)) == ["a"] * 50 + ["bb"] * 50
    assert channel.statistics().load == 0


def test_capacity_must_be_something() -> None:
    with pytest.raises(ValueError, match="0"):
        Channel(0, Overflow.BLOCK)


@given(
    capacity=st.integers(1, 8),
    steps=st.lists(st.one_of(st.none(), st.integers(1, 10)), max_size=40),
)
def test_dropping_channel_agrees_with_a_plain_list(capacity: int, steps: list[int | None]) -> None:
    """The load stays within the capacity, and what went in came out, was dropped, or waits."""
    channel: Channel[int] = Channel(capacity, Overflow.DROP_OLDEST, weigh=lambda n: n)
    model: list[int] = []
    for step in steps:
        if step is None:
            assert channel.get(0) == (model.pop(0) if model else None)
            continue
        channel.put(step)
        while model and sum(model) + step > capacity:
            model.pop(0)
        model.append(step)
        statistics = channel.statistics()
        assert (statistics.items, statistics.load) == (len(model), sum(model))
        assert statistics.load <= capacity or statistics.items == 1
    statistics = channel.statistics()
    assert statistics.put == statistics.taken + statistics.dropped + statistics.load
