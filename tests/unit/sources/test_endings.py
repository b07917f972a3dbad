"""conn_state and history go into a record and come out again."""

import itertools

import pytest

from appliance.flows.connstate import STATE_NAMES, histories, states
from appliance.kernels.tcpstate import ACK, FIN, RST, SYN
from appliance.model.flow import FLOW_HISTORY_CUT, FLOW_PARTIAL, EndReason
from appliance.sources import endings as module
from appliance.sources.endings import Endings

HISTORIES = (
    "", "S", "ShADadFf", "Sr", "SaR", "ShR", "F", "Fr", "^hADafF", "D", "Dd", "ShADadtTgGwWFf",
    "^cC", "IiQq", "ShAdDaTTTtFfRr",
)  # fmt: skip


@pytest.mark.parametrize("payload", [0, 1_000])
def test_every_state_with_every_history(payload: int) -> None:
    wanted = [(6, state, history) for state, history in itertools.product(STATE_NAMES, HISTORIES)]
    records = Endings().records(wanted)
    records["proto"] = 6
    records["orig"]["payload"] = records["resp"]["payload"] = payload
    assert states(records) == [state for _, state, _ in wanted]
    assert histories(records) == [history for *_, history in wanted]


def test_a_longer_history_is_cut_and_marked() -> None:
    (record,) = Endings().records([(6, "SF", "ShADadFf" + "Rr" * 20)])
    assert record["history_len"] == 24
    assert record["bits"] & FLOW_HISTORY_CUT


def test_unknown_letters_are_left_out() -> None:
    records = Endings().records([(6, "SF", "S?hxA-ä")])
    assert histories(records) == ["ShA"]


def test_flags_of_a_conversation() -> None:
    (record,) = Endings().records([(6, "SF", "ShADadFf")])
    assert record["orig"]["flags"] == SYN | ACK | FIN
    assert record["resp"]["flags"] == SYN | ACK | FIN
    assert record["reason"] == EndReason.CLOSED
    assert not record["bits"] & FLOW_PARTIAL


def test_flags_of_a_probe() -> None:
    syn, fin, null = Endings().records([(6, "REJ", "Sr"), (6, "SH", "F"), (6, "OTH", "")])
    assert syn["orig"]["flags"] == SYN
    assert syn["resp"]["flags"] == RST
    assert fin["orig"]["flags"] == FIN  # with an ACK it would be the end of something
    assert null["orig"]["flags"] == 0
    assert fin["bits"] & FLOW_PARTIAL


def test_who_must_have_spoken() -> None:
    records = Endings().records([(6, "S0", ""), (6, "SF", ""), (17, "SHR", ""), (17, "S0", "Dd")])
    assert records["orig"]["packets"].tolist() == [1, 1, 0, 1]
    assert records["resp"]["packets"].tolist() == [0, 1, 1, 1]


def test_trouble_letters_are_lower_bounds() -> None:
    (record,) = Endings().records([(6, "SF", "ShADTTTadtgwFf")])
    assert record["orig"]["retrans"] == 100
    assert record["resp"]["retrans"] == 1
    assert record["resp"]["gaps"] == 1
    assert record["resp"]["zero_windows"] == 1


def test_an_endless_variety_is_forgotten(monkeypatch) -> None:
    monkeypatch.setattr(module, "_MAX_KINDS", 50)
    endings = Endings()
    letters = itertools.product("SADFR", repeat=4)
    for number, word in enumerate(letters):
        history = "".join(word)
        records = endings.records([(6, "SF", history)])
        assert histories(records) == [history], number
    assert len(endings._known) <= 51
