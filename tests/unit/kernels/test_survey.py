import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.kernels.jit import records
from appliance.kernels.survey import survey
from appliance.model.contact import CONTACT_DTYPE, CONTACT_JUDGED
from appliance.model.pair import SURVEY_DTYPE
from tests.oracles import survey as oracle

NO_HOST = 0xFFFFFFFF


def make_contacts(count: int, seed: int) -> np.ndarray:
    """Contacts of few hosts, peers and networks, so that everything coincides."""
    rng = np.random.default_rng(seed)
    contacts = np.zeros(count, CONTACT_DTYPE)
    contacts["live"] = rng.random(count) < 0.9
    contacts["host"] = rng.integers(0, 4, count)
    contacts["orig_lo"] = contacts["host"] + 100
    contacts["resp_lo"] = rng.integers(0, 12, count)
    contacts["net"] = contacts["resp_lo"] // 3
    contacts["wide"] = contacts["net"] // 2
    contacts["direction"] = rng.choice([1, 1, 1, 3], count)
    contacts["port"] = rng.choice([443, 8_081], count)
    contacts["proto"] = 6
    contacts["contacts"] = rng.integers(1, 6, count)
    contacts["answered"] = rng.integers(0, 2, count)
    contacts["out"] = contacts["contacts"] * rng.choice([100, 105, 900], count)
    contacts["in"] = contacts["contacts"] * rng.choice([100, 120, 900], count)
    contacts["service"] = rng.integers(0, 2, count)
    contacts["bits"] = rng.choice([0, CONTACT_JUDGED], count)
    contacts["score"] = rng.choice([-9.0, 1.0], count)
    return contacts


def ask(contacts: np.ndarray, row: int, stamps: np.ndarray, stamp: int) -> np.void:
    live = contacts["live"] == 1
    found = np.zeros(1, SURVEY_DTYPE)
    survey(
        records(contacts),
        np.where(live, contacts["host"], NO_HOST).astype(np.uint32),
        np.where(live, contacts["net"], NO_HOST).astype(np.uint32),
        row,
        stamps,
        stamp,
        records(found),
    )
    return found[0]


@given(count=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_kernel_says_what_the_oracle_says(count: int, seed: int) -> None:
    contacts = make_contacts(count, seed)
    contacts["live"][0] = 1
    found = ask(contacts, 0, np.zeros((2, 4), np.uint32), 1)
    assert {name: int(found[name]) for name in found.dtype.names} == oracle.survey(contacts, 0)


def test_stamps_of_an_earlier_question_do_not_count() -> None:
    contacts = make_contacts(50, 7)
    contacts["live"][:2] = 1
    stamps = np.zeros((2, 4), np.uint32)
    first = ask(contacts, 0, stamps, 1)
    ask(contacts, 1, stamps, 2)
    assert ask(contacts, 0, stamps, 3) == first


def test_contact_whose_judged_end_is_unknown_is_left_out() -> None:
    contacts = make_contacts(3, 1)
    contacts[["live", "direction", "net", "answered"]] = np.array(
        [(1, 1, 0, 1)] * 3, [("l", "u1"), ("d", "u1"), ("n", "u4"), ("a", "u4")]
    )
    contacts["host"] = 0, NO_HOST, 0
    assert ask(contacts, 0, np.zeros((2, 4), np.uint32), 1)["net_users"] == 1
