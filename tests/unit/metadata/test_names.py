"""Guards against a flood of answers, and against calling an address by a name nobody asked for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.metadata.names import PassiveDns, address_key, address_keys

WORDS = st.integers(0, 2**64 - 1)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=20))
def test_keys_of_arrays_are_the_keys(addresses: list[tuple[int, int]]) -> None:
    hi, lo = (np.array(column, np.uint64) for column in zip(*addresses, strict=True))
    assert address_keys(hi, lo).tolist() == [address_key(*a) for a in addresses]


def test_the_clients_own_question_comes_first() -> None:
    names = PassiveDns(100)
    names.learn(1, 50, "mine.example", 10)
    names.learn(1, 60, "theirs.example", 20)
    assert names.find(1, 50, 30) == "mine.example"
    assert names.find(1, 60, 30) == "theirs.example"
    assert names.find(1, 70, 30) == "theirs.example"  # the newest of anybody's
    assert names.find(1, 70, 15) == "mine.example"  # the newest before the flow
    assert names.find(1, 70, 5) == "mine.example"  # the oldest after it
    assert names.find(2, 50, 30) == ""
    assert names.newest(1) == "theirs.example"
    assert names.newest(2) == ""


def test_a_name_said_again_keeps_its_first_time() -> None:
    names = PassiveDns(100)
    for ts_ns in (10, 20, 30):
        names.learn(1, 0, "a.example", ts_ns)
    names.learn(1, 0, "b.example", 40)
    assert names.find(1, 9, 15) == "a.example"


def test_flood_of_answers_plateaus_and_what_is_confirmed_stays() -> None:
    names = PassiveDns(200)
    for i in range(10_000):
        names.learn(7, 8, "kept.example", i)
        names.learn(1_000 + i, 2_000 + i, f"{i}.example", i)
    assert len(names) == 200
    assert names.evicted == 2 * (10_001 - 100)
    assert names.find(7, 8, 0) == "kept.example"
    assert names.newest(1_000) == ""
    assert names.newest(10_999) == "9999.example"


def test_names_of_one_address_are_bounded() -> None:
    names = PassiveDns(100)
    for i in range(50):
        names.learn(1, 0, f"{i}.example", i)
    assert names.find(1, 0, 0) == "46.example"
    assert names.known([0, 1, 2]) == [1]
