"""Scripts: a conversation must hold together as TCP."""

import random

import pytest

from appliance.demo.conversation import ACK, FIN, REPEAT, RST, SYN, Step
from appliance.demo.dialogue import MSS, Dialogue, datagrams, media, pings, quic_session

RTT = 10_000_000


@pytest.fixture
def dialogue() -> Dialogue:
    return Dialogue(random.Random(1), RTT)


def flags(steps: list[Step]) -> list[tuple[bool, int]]:
    return [(step.forward, step.flags) for step in steps]


def test_handshake(dialogue: Dialogue) -> None:
    dialogue.open()
    assert flags(dialogue.steps) == [(True, SYN), (False, SYN | ACK), (True, ACK)]
    assert dialogue.steps[1].dt_ns >= 0.9 * RTT


@pytest.mark.parametrize("by_responder", [False, True])
def test_close_is_fin_both_ways(dialogue: Dialogue, by_responder: bool) -> None:
    dialogue.close(by_responder=by_responder)
    first = not by_responder
    assert flags(dialogue.steps) == [(first, FIN | ACK), (not first, FIN | ACK), (first, ACK)]


def test_long_payload_is_cut_into_segments(dialogue: Dialogue) -> None:
    dialogue.send(b"x" * 2_000, 4_000)
    sent = [step for step in dialogue.steps if step.forward]
    assert [step.length for step in sent] == [MSS, MSS, 4_000 - 2 * MSS]
    assert b"".join(step.payload for step in sent) == b"x" * 2_000
    assert flags(dialogue.steps)[-1] == (False, ACK)


@pytest.mark.parametrize("seed", range(40))
def test_bulk_moves_the_bytes_and_repeats_only_what_was_sent(seed: int) -> None:
    dialogue = Dialogue(random.Random(seed), RTT)
    dialogue.download(300_000, 1_000_000)
    steps = dialogue.steps
    fresh = sum(s.length for s in steps if not s.forward and not s.flags & REPEAT)
    assert 300_000 - 2 * MSS <= fresh <= 300_000
    assert not steps[0].flags & REPEAT
    assert all(s.length == MSS for s in steps if s.flags & REPEAT)
    assert all(s.dt_ns >= 0 for s in steps)


def test_some_segments_are_lost() -> None:
    def lossy(seed: int) -> bool:
        dialogue = Dialogue(random.Random(seed), RTT)
        dialogue.upload(9_000, 1_000_000)
        return any(step.flags & REPEAT for step in dialogue.steps)

    assert 0 < sum(map(lossy, range(100))) < 40


def test_refusal_knock_and_abort(dialogue: Dialogue) -> None:
    dialogue.refuse()
    dialogue.knock(2)
    dialogue.abort(by_responder=True)
    assert flags(dialogue.steps) == [
        (True, SYN), (False, RST | ACK), (True, SYN), (True, SYN), (False, RST | ACK),
    ]  # fmt: skip


def test_datagrams_without_answer() -> None:
    assert len(datagrams(b"q", b"", RTT)) == 1
    assert [s.forward for s in datagrams(b"q", b"a", RTT)] == [True, False]


def test_quic_begins_with_the_initial_and_carries_the_bytes() -> None:
    steps = quic_session(b"I" * 1_200, RTT, 400, 50_000)
    assert steps[0].payload == b"I" * 1_200
    assert sum(s.length for s in steps if not s.forward) >= 50_000


def test_media_goes_both_ways_for_as_long_as_asked() -> None:
    steps = media(random.Random(1), 30, 32, (700, 100))
    assert 29e9 < sum(s.dt_ns for s in steps) < 31e9
    assert {s.length for s in steps if s.forward} == {700}
    assert {s.length for s in steps if not s.forward} == {100}


@pytest.mark.parametrize(("ipv6", "types"), [(False, (8, 0)), (True, (128, 129))])
def test_ping_replies_repeat_ident_and_number(ipv6: bool, types: tuple[int, int]) -> None:
    steps = pings(RTT, 3, ipv6=ipv6, ident=0x1234)
    assert [s.payload[0] for s in steps] == [*types] * 3
    assert all(s.payload[4:6] == b"\x12\x34" for s in steps)
    assert [s.payload[7] for s in steps] == [1, 1, 2, 2, 3, 3]
