"""The thirteen conn_state values as Zeek's documentation words them."""

import numpy as np
import pytest

from appliance.flows.connstate import STATE_NAMES, conn_state, histories, history_text, states
from appliance.kernels.tcpstate import LETTERS
from appliance.model.flow import FLOW_DTYPE
from tests.oracles.connstate import describe_state
from tests.oracles.flowtable import Limits
from tests.oracles.tcp import CLOSED, ESTABLISHED, INACTIVE, RESET, SYN_SENT
from tests.support.tables import feed_table, make_table
from tests.support.zeeklogs import packets_of


def test_there_are_thirteen() -> None:
    assert len(set(STATE_NAMES)) == 13


@pytest.mark.parametrize("orig", range(7))
@pytest.mark.parametrize("resp", range(7))
@pytest.mark.parametrize("payload", [0, 5])
def test_every_pair_of_endpoint_states(orig: int, resp: int, payload: int) -> None:
    wanted = describe_state(orig, resp, bool(payload))
    flows = np.zeros(1, FLOW_DTYPE)
    flows["proto"] = 6
    flows["orig"]["state"], flows["resp"]["state"] = orig, resp
    flows["orig"]["prev_state"] = SYN_SENT
    flows["resp"]["payload"] = payload
    assert conn_state(orig, resp, payload) == wanted
    assert states(flows) == [wanted]


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ("R", "OTH"), ("SR", "RSTOS0"), ("SaR", "RSTOS0"), ("SDR", "RSTOS0"), ("SAR", "OTH"),
        ("SaFR", "OTH"), ("DR", "OTH"), ("DdAR", "OTH"), ("HR", "OTH"), ("ShR", "RSTO"),
    ],
)  # fmt: skip
def test_a_reset_attempt_is_a_syn_and_a_rst_and_nothing_further(history: str, state: str) -> None:
    """Zeek since version 4: what is reset must have been an attempt of the originator's."""
    table = make_table(Limits())
    feed_table(table, packets_of(history))
    (output,) = table.flush()
    assert states(output.flows) == [state]


@pytest.mark.parametrize(
    ("proto", "asked", "answered", "state"),
    [
        (17, 1, 0, "S0"), (17, 1, 9, "SF"), (17, 0, 1, "SHR"), (17, 0, 0, "OTH"),
        (1, 1, 1, "OTH"), (58, 1, 0, "OTH"), (132, 1, 1, "OTH"), (47, 2, 0, "OTH"),
    ],
)  # fmt: skip
def test_without_tcp_only_udp_has_a_state(
    proto: int, asked: int, answered: int, state: str
) -> None:
    flows = np.zeros(1, FLOW_DTYPE)
    flows["proto"] = proto
    flows["orig"]["packets"], flows["resp"]["packets"] = asked, answered
    assert states(flows) == [state]


def test_states_of_many_flows_are_in_their_order() -> None:
    flows = np.zeros(3, FLOW_DTYPE)
    flows["proto"] = [6, 17, 6]
    flows["orig"]["state"] = [SYN_SENT, INACTIVE, ESTABLISHED]
    flows["resp"]["state"] = [RESET, INACTIVE, CLOSED]
    assert states(flows) == ["REJ", "OTH", "S3"]
    assert states(flows[:0]) == []


def test_histories_spell_both_words() -> None:
    flows = np.zeros(2, FLOW_DTYPE)
    symbols = [n % 13 + 16 * (n % 2) for n in range(24)]
    flows["history_lo"] = [sum(s << 5 * n for n, s in enumerate(symbols[:12])), 0]
    flows["history_hi"] = [sum(s << 5 * n for n, s in enumerate(symbols[12:])), 0]
    flows["history_len"] = [24, 0]
    wanted = "".join(LETTERS[s & 15].lower() if s & 16 else LETTERS[s & 15] for s in symbols)
    assert histories(flows) == [wanted, ""]
    assert (
        history_text(*(int(flows[0][f"history_{part}"]) for part in ("lo", "hi", "len"))) == wanted
    )
