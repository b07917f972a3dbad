"""Conversations are plain data with one derived figure."""

from appliance.demo.conversation import ACK, TCP, Conversation, Endpoint, Step


def test_end_is_start_plus_all_pauses() -> None:
    end = Endpoint(b"\2" * 6, bytes(4), 1)
    steps = [Step(5, True, ACK, b"", 0), Step(7, False, ACK, b"", 0)]
    assert Conversation(100, end, end, TCP, steps).end_ns == 112
