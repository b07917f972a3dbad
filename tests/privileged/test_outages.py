"""Interfaces that go away and come back, under a source that is never restarted."""

import os
from collections.abc import Iterator

import pytest

from appliance.config.schema import Capture
from appliance.model.frame import FRAME_OUTGOING
from tests.support.veth import MARK, Pair, Receiver, connect, ethernet, ip, send, veth_pair

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and a packet ring"),
]


@pytest.fixture
def pair() -> Iterator[Pair]:
    with veth_pair() as pair:
        yield pair


def test_interface_goes_down_and_comes_back(pair: Pair) -> None:
    frame = ethernet(MARK + bytes(60))
    with Receiver(pair, Capture(retry_s=0.4)) as receiver:
        receiver.wait_for_state(up=True)
        ip("-n", pair.near, "link", "set", pair.near_if, "down")
        down = receiver.wait_for_state(up=False)
        assert down.error == "near0 is down"
        assert down.outages == 1
        before = receiver.empty
        receiver.wait_until(lambda: receiver.empty >= before + 3)
        assert receiver.empty < 100, "waits for the interface without waiting"
        ip("-n", pair.near, "link", "set", pair.near_if, "up")
        receiver.wait_for_state(up=True)
        send(pair.far, pair.far_if, [frame])
        assert receiver.wait_for(1)[0].data == frame
        ip("-n", pair.far, "link", "set", pair.far_if, "down")
        cut = receiver.wait_for_state(up=False)
    assert cut.error == "near0 has no carrier"
    assert cut.outages == 2


def test_renamed_interface_is_told_and_taken_back(pair: Pair) -> None:
    frame = ethernet(MARK + bytes(60))
    with Receiver(pair, Capture(retry_s=0.4)) as receiver:
        receiver.wait_for_state(up=True)
        for old, new in ((pair.near_if, "other0"), ("other0", pair.near_if)):
            ip("-n", pair.near, "link", "set", old, "down")
            ip("-n", pair.near, "link", "set", old, "name", new)
            ip("-n", pair.near, "link", "set", new, "up")
            if new == "other0":
                receiver.wait_until(lambda: "renamed to other0" in receiver.statistics().error)
        receiver.wait_for_state(up=True)
        send(pair.far, pair.far_if, [frame])
        assert receiver.wait_for(1)[0].data == frame


def test_another_interface_of_the_same_name_is_taken_up(pair: Pair) -> None:
    with Receiver(pair, Capture(retry_s=0.4)) as receiver:
        receiver.wait_for_state(up=True)
        ip("-n", pair.near, "link", "set", pair.near_if, "down")
        ip("-n", pair.near, "link", "set", pair.near_if, "name", "other0")
        ip("-n", pair.near, "link", "add", pair.near_if, "type", "veth", "peer", "name", "peer0")
        for name in (pair.near_if, "peer0"):
            ip("-n", pair.near, "link", "set", name, "up")
        receiver.wait_until(lambda: "renamed to other0" in receiver.statistics().error)
        receiver.wait_for_state(up=True)
        send(pair.near, pair.near_if, [ethernet(MARK + bytes(60))])
        assert receiver.wait_for(1)[0].flags == FRAME_OUTGOING


def test_removed_interface_is_waited_for(pair: Pair) -> None:
    frame = ethernet(MARK + bytes(60))
    with Receiver(pair, Capture(retry_s=0.4)) as receiver:
        send(pair.far, pair.far_if, [frame])
        receiver.wait_for(1)
        ip("-n", pair.near, "link", "del", pair.near_if)
        gone = receiver.wait_for_state(up=False)
        receiver.wait_until(lambda: "does not exist" in receiver.statistics().error)
        connect(pair)
        receiver.wait_for_state(up=True)
        send(pair.far, pair.far_if, [frame])
        assert len(receiver.wait_for(2)) == 2
        assert receiver.statistics().frames >= 2
    assert gone.outages == 1


def test_missing_interface_at_the_start_is_waited_for(pair: Pair) -> None:
    ip("-n", pair.near, "link", "del", pair.near_if)
    with Receiver(pair, Capture(retry_s=0.4)) as receiver:
        first = receiver.statistics()
        assert not first.up
        assert first.error == "near0 does not exist; tried every 0.4 s"
        connect(pair)
        receiver.wait_for_state(up=True)
        assert receiver.statistics().outages == 0
