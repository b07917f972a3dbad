"""A parser that is wrong about one header mislabels every flow behind it: kernel == oracle."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.kernels import headers
from appliance.kernels.headers import parse
from appliance.kernels.jit import kernel, records
from appliance.kernels.packet import (
    ARP,
    OK,
    PACKET_DTYPE,
    PACKET_SRC_IS_LOW,
    REJECTS,
)
from appliance.model.address import unpack_address
from appliance.model.frame import FRAME_DTYPE
from tests.oracles import frames as f
from tests.oracles.headers import Parsed, Reject, parse_frame
from tests.oracles.strategies import whole_frames
from tests.support.parsing import describe
from tests.support.parsing import parse as run

V4 = ("10.0.0.1", "192.0.2.7")


# What is merged into its caller has no way in from outside.
@kernel
def finish_key(packet: Any, seed: Any) -> None:
    headers.finish_key(packet, seed)


@kernel
def conversation_hash(low: Any, high: Any, low_hi: Any, high_hi: Any, rest: Any, seed: Any) -> Any:
    return headers.conversation_hash(low, high, low_hi, high_hi, rest, seed)


def words(address: Any) -> tuple[int, int]:
    return unpack_address(address.packed)


def expect(found: Parsed) -> dict[str, Any]:
    """Return what the oracle read, in the same form."""
    tags = [tag for tag in found.vlans if tag]
    answer = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return answer | {
        "src": words(found.src),
        "dst": words(found.dst),
        "vlans": [*tags, 0, 0][:2],
        "six": found.src.version == 6,
    }


def compare(data: bytes, linktype: int, wirelen: int, tag: int | None = None) -> None:
    reason, packet = run(data, linktype, wirelen, tag)
    try:
        found, wanted = parse_frame(data, linktype, wirelen, tag), "ok"
    except Reject as reject:
        found, wanted = None, str(reject)
    assert reason == wanted
    if found is not None:
        ours, theirs = describe(packet), expect(found)
        if not theirs["payload"]:
            ours["payload_at"] = theirs["payload_at"]  # there is none
        assert ours == theirs


@given(whole_frames(), st.data())
@settings(max_examples=max(settings().max_examples, 200))
def test_whole_damaged_and_cut_frames_are_read_as_the_oracle_reads_them(
    frame: tuple[int, bytes], data: st.DataObject
) -> None:
    linktype, whole = frame
    compare(whole, linktype, len(whole))
    cut = data.draw(st.integers(0, len(whole)), label="cut")
    compare(whole[:cut], linktype, len(whole))
    compare(whole[:cut], linktype, cut)
    place = data.draw(st.integers(0, len(whole) - 1), label="damaged byte")
    value = data.draw(st.integers(0, 255), label="its value")
    damaged = whole[:place] + bytes([value]) + whole[place + 1 :]
    compare(damaged, linktype, len(damaged) + data.draw(st.sampled_from([0, 4, 1_000])))


@given(st.sampled_from([0, 1, 9, 12, 50, 51, 101, 104, 108, 113, 228, 276, 105]), st.binary())
def test_random_bytes_are_read_as_the_oracle_reads_them(linktype: int, data: bytes) -> None:
    compare(data, linktype, len(data))


@pytest.mark.parametrize("tag", [0, 5, 0xE005])
def test_tag_taken_out_by_the_kernel_comes_first(tag: int) -> None:
    inside = f.ethernet(0x8100, f.vlan(9, 0x0800, f.ipv4(V4, 6, f.tcp((1, 2)))))
    compare(inside, 1, len(inside), tag)


def test_nothing_is_read_beyond_what_was_captured() -> None:
    """Cut at every byte, directly before a byte that would change the answer."""
    packet = f.ipv6(("2001:db8::1", "2001:db8::2"), 0, f.extension(6, f.tcp((1, 2), body=b"x")))
    whole = f.ethernet(0x8100, f.vlan(1, 0x86DD, packet))
    for cut in range(len(whole)):
        compare(whole[:cut], 1, len(whole))


def test_arp_is_handed_on_with_its_place() -> None:
    reason, packet = run(f.ethernet(0x0806, bytes(28)))
    assert (reason, packet["payload_at"], packet["captured"]) == (REJECTS[ARP], 14, 28)


def key_of(ends: tuple[str, str], proto: int, body: bytes) -> tuple[int, bool]:
    packet = f.ipv4(ends, proto, body) if "." in ends[0] else f.ipv6(ends, proto, body)
    reason, _ = run(packet, 101)
    assert reason == REJECTS[OK]
    packets = records(np.zeros(1, PACKET_DTYPE))
    frame = np.zeros(1, FRAME_DTYPE)
    frame["caplen"] = frame["wirelen"] = len(packet)
    frame["linktype"] = 101
    parse(np.frombuffer(packet, np.uint8), records(frame)[0], packets[0])
    with np.errstate(over="ignore"):
        finish_key(packets[0], np.uint64(1))
    return int(packets[0]["hash"]), bool(packets[0]["bits"] & PACKET_SRC_IS_LOW)


HOSTS = st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2"])


@given(HOSTS, HOSTS, st.integers(0, 3), st.integers(0, 3))
def test_both_directions_have_one_key(a: str, b: str, x: int, y: int) -> None:
    if ("." in a) != ("." in b):
        return
    forth, low = key_of((a, b), 17, f.udp((x, y)))
    back, low_back = key_of((b, a), 17, f.udp((y, x)))
    assert forth == back
    assert low != low_back or (a, x) == (b, y)


def test_one_way_messages_are_a_conversation_in_each_direction() -> None:
    there, _ = key_of(("10.0.0.1", "10.0.0.2"), 1, f.icmp(3, 1))
    back, _ = key_of(("10.0.0.2", "10.0.0.1"), 1, f.icmp(3, 1))
    assert there != back
    asked, _ = key_of(("10.0.0.1", "10.0.0.2"), 1, f.icmp(8, 0))
    answered, _ = key_of(("10.0.0.2", "10.0.0.1"), 1, f.icmp(0, 0))
    assert asked == answered


def test_the_seed_decides_where_a_conversation_is_filed() -> None:
    """An attacker who knows the code, but not the seed, cannot fill one place."""
    with np.errstate(over="ignore"):
        places = {
            int(conversation_hash(*map(np.uint64, (1, 2, 3, 4, 5)), np.uint64(seed)))
            for seed in range(64)
        }
        tags = {
            int(conversation_hash(*map(np.uint64, (n, 2, 0, 0, 5)), np.uint64(1))) >> 32
            for n in range(1_000)
        }
    assert len(places) == 64
    assert len(tags) > 990
