"""conn_state and history mean what Zeek's readers expect, for every sequence of packets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.flows.connstate import conn_state
from appliance.kernels.tcpstate import LETTERS, MAX_HISTORY
from tests.oracles import frames as f
from tests.oracles.arrivals import JUMPS
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.oracles.tcp import Conversation, Segment
from tests.support.tables import make_table, run_table

ENDS = ("10.0.0.1", "192.0.2.7")
START_NS = 1_700_000_000 * SECOND
S, SA, A, FA, R, RA = f.SYN, f.SYN | f.ACK, f.ACK, f.FIN | f.ACK, f.RST, f.RST | f.ACK


@st.composite
def conversations(draw: st.DrawFn) -> list[Segment]:
    """Return segments of one conversation, the first one a SYN."""
    segments = [Segment(True, S, 1_000)]
    for _ in range(draw(st.integers(0, 15))):
        flags = draw(st.sampled_from([2, 18, 16, 16, 16, 24, 17, 4, 20, 0, 1, 3, 5, 7]))
        seq, ack = (1_001 + draw(st.sampled_from(JUMPS)) for _ in range(2))
        size = draw(st.sampled_from([0, 0, 1, 20]))
        window = draw(st.sampled_from([9, 9, 0]))
        is_orig = draw(st.booleans())
        ts_ns = len(segments) * draw(st.sampled_from([0, 1_000, 2_000_000]))
        segments.append(Segment(is_orig, flags, seq % 2**32, ack % 2**32, size, window, ts_ns))
    return segments


def arrivals(segments: list[Segment]) -> list[Arrival]:
    made = []
    for one in segments:
        ends, ports = (ENDS, (40_000, 80)) if one.is_orig else (ENDS[::-1], (80, 40_000))
        segment = f.tcp(ports, one.flags, one.seq, one.ack, bytes(one.payload), window=one.window)
        frame = f.ethernet(0x0800, f.ipv4(ends, 6, segment))
        made.append(Arrival(START_NS + one.ts_ns, frame))
    return made


@given(conversations())
def test_every_sequence_of_segments_is_followed_as_the_oracle_does(segments: list[Segment]) -> None:
    talk, over = Conversation(), False
    for number, segment in enumerate(segments):
        if over and segment.flags & (f.SYN | f.ACK) == f.SYN:
            segments = segments[:number]  # from here on it is another flow
            break
        over |= talk.take(segment)
    (flow,) = run_table(make_table(Limits()), arrivals(segments)).ended
    assert flow["history"] == talk.history
    assert (flow["syn_rtt_us"], flow["ack_rtt_us"]) == (talk.syn_rtt_us, talk.ack_rtt_us)
    assert flow["closing"] == over
    for name, end in (("orig", talk.orig), ("resp", talk.resp)):
        side = flow[name]
        assert (side["state"], side["flags"], side["gaps"]) == (end.state, end.flags, end.gaps)
        assert (side["retrans"], side["zero_windows"]) == (end.retransmissions, end.zero_windows)


def say(*script: tuple[str, int, int, int, int]) -> dict[str, object]:
    """Run (who, flags, seq, ack, payload) and return state, history and trouble."""
    segments = [
        Segment(who == ">", flags, seq, ack, size, 9, n * 1_000_000)
        for n, (who, flags, seq, ack, size) in enumerate(script)
    ]
    (flow,) = run_table(make_table(Limits()), arrivals(segments)).ended
    orig, resp = flow["orig"], flow["resp"]
    state = conn_state(orig["state"], resp["state"], orig["payload"] + resp["payload"])
    return flow | {"said": f"{state} {flow['history']}"}


HANDSHAKE = ((">", S, 0, 0, 0), ("<", SA, 0, 1, 0), (">", A, 1, 1, 0))
TALK = ((">", A, 1, 1, 10), ("<", A, 1, 11, 20), (">", A, 11, 21, 0))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ((*HANDSHAKE[:1],), "S0 S"),
        ((*HANDSHAKE,), "S1 ShA"),
        ((*HANDSHAKE, *TALK), "S1 ShADd"),
        ((*HANDSHAKE, *TALK, (">", FA, 11, 21, 0), ("<", FA, 21, 12, 0), (">", A, 12, 22, 0)),
         "SF ShADdFf"),
        ((*HANDSHAKE, ("<", A, 1, 1, 20), (">", A, 1, 21, 10), ("<", FA, 21, 11, 0),
          (">", FA, 11, 22, 0)), "SF ShAdDfF"),
        ((HANDSHAKE[0], ("<", RA, 0, 1, 0)), "REJ Sr"),
        ((*HANDSHAKE, (">", R, 1, 0, 0)), "RSTO ShAR"),
        ((*HANDSHAKE, ("<", RA, 1, 1, 0)), "RSTR ShAr"),
        ((HANDSHAKE[0], (">", R, 1, 0, 0)), "RSTOS0 SR"),
        ((HANDSHAKE[0], (">", FA, 1, 0, 0)), "SH SF"),
        ((("<", SA, 0, 1, 0), ("<", R, 1, 0, 0)), "RSTRH ^hr"),
        ((("<", SA, 0, 1, 0), ("<", FA, 1, 1, 0)), "SHR ^hf"),
        ((*HANDSHAKE, (">", FA, 1, 1, 0)), "S2 ShAF"),
        ((*HANDSHAKE, ("<", FA, 1, 1, 0)), "S3 ShAf"),
        (((">", A, 5, 5, 10), ("<", A, 5, 15, 0)), "OTH Da"),
        (((">", 0, 5, 0, 0),), "OTH "),
        (((">", f.FIN | f.RST, 5, 0, 0),), "RSTOS0 I"),
        (((">", f.FIN | f.SYN, 5, 0, 0),), "SH Q"),
        ((*HANDSHAKE, (">", A, 1, 1, 10), (">", A, 1, 1, 10)), "S1 ShADT"),
        ((*HANDSHAKE, (">", A, 1, 51, 10)), "S1 ShADg"),
        # FIN and RST from one end, then a FIN from the other, is how some stacks say goodbye.
        ((*HANDSHAKE, (">", FA, 1, 1, 0), (">", R, 2, 0, 0), ("<", FA, 1, 2, 0)), "SF ShAFRf"),
        ((*HANDSHAKE, (">", FA, 1, 1, 0), ("<", FA, 1, 2, 0), (">", R, 2, 0, 0)), "SF ShAFfR"),
        # One number ahead: a FIN that was not seen, no data.
        ((*HANDSHAKE, ("<", A, 1, 2, 0)), "S1 ShAa"),
        ((*HANDSHAKE, ("<", A, 1, 3, 0)), "S1 ShAaG"),
        # Data missing in the middle, acknowledged; and the same that only came late.
        ((*HANDSHAKE, (">", A, 11, 1, 10), ("<", A, 1, 21, 0)), "S1 ShADaG"),
        ((*HANDSHAKE, (">", A, 11, 1, 10), (">", A, 1, 1, 10), ("<", A, 1, 21, 0)), "S1 ShADTa"),
        ((*HANDSHAKE, ("<", FA, 99, 1, 0), (">", A, 1, 100, 0)), "S3 ShAfg"),
    ],
)  # fmt: skip
def test_well_known_conversations(
    script: tuple[tuple[str, int, int, int, int], ...], said: str
) -> None:
    assert say(*script)["said"] == said


def test_round_trips_are_of_the_handshake() -> None:
    flow = say(*HANDSHAKE)
    assert (flow["syn_rtt_us"], flow["ack_rtt_us"]) == (1_000, 1_000)


def test_a_repeated_syn_makes_the_round_trip_unknown() -> None:
    flow = say(HANDSHAKE[0], *HANDSHAKE)
    assert (flow["syn_rtt_us"], flow["ack_rtt_us"]) == (0, 0)


def test_trouble_is_repeated_by_powers_of_ten() -> None:
    again = [(">", A, 1, 1, 10)] * 101
    assert say(*HANDSHAKE, *again)["said"] == "S1 ShADTTT"


def test_history_ends_where_the_record_does() -> None:
    resets = [("<", R, seq, 0, 0) for seq in range(2, 60)]
    flow = say(HANDSHAKE[0], *resets)
    assert flow["history"] == "S" + "r" * (MAX_HISTORY - 1)
    assert flow["history_cut"] is True


def test_letters_fit_their_five_bits() -> None:
    assert len(LETTERS) == len(set(LETTERS)) <= 16
