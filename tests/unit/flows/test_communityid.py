"""Community ID: the same text as Zeek and Suricata print, or it joins nothing."""

import communityid
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.flows.communityid import community_id
from tests.oracles.headers import ICMP_PAIRS, ICMPV6_PAIRS

REFERENCE = communityid.CommunityID()
ADDRESSES = st.one_of(
    st.tuples(*[st.binary(min_size=4, max_size=4)] * 2),
    st.tuples(*[st.binary(min_size=16, max_size=16)] * 2),
    st.tuples(*[st.sampled_from([bytes(4), b"\0\0\0\1"])] * 2),
    st.tuples(*[st.sampled_from([bytes(16), bytes(15) + b"\1"])] * 2),
)


def ask_reference(proto: int, ends: tuple[bytes, bytes], ports: tuple[int, int]) -> str:
    if proto not in {1, 6, 17, 58, 132}:
        return str(REFERENCE.calc(communityid.FlowTuple(proto, *ends)))
    return str(REFERENCE.calc(communityid.FlowTuple(proto, *ends, *ports)))


@given(st.sampled_from([6, 17, 132]), ADDRESSES, st.integers(0, 65_535), st.integers(0, 65_535))
def test_protocols_with_ports(proto: int, ends: tuple[bytes, bytes], a: int, b: int) -> None:
    ours = community_id(proto, *ends, a, b)
    assert ours == ask_reference(proto, ends, (a, b))
    assert ours == community_id(proto, *ends[::-1], b, a)


@given(st.integers(0, 255).filter(lambda n: n not in {1, 6, 17, 58, 132}), ADDRESSES)
def test_protocols_without_ports(proto: int, ends: tuple[bytes, bytes]) -> None:
    assert community_id(proto, *ends, 0, 0) == ask_reference(proto, ends, (0, 0))
    assert community_id(proto, *ends, 0, 0) == community_id(proto, *ends[::-1], 0, 0)


@pytest.mark.parametrize("kind", range(256))
@pytest.mark.parametrize(("proto", "size"), [(1, 4), (58, 16)])
def test_icmp_of_every_type(proto: int, size: int, kind: int) -> None:
    low, high = bytes(size), b"\x7f" * size
    for ends in ((low, high), (high, low), (low, low)):
        for code in (0, 3):
            wanted = ask_reference(proto, ends, (kind, code))
            assert community_id(proto, *ends, kind, code) == wanted


@pytest.mark.parametrize(("proto", "size", "pairs"), [(1, 4, ICMP_PAIRS), (58, 16, ICMPV6_PAIRS)])
def test_counter_types_of_the_kernel_are_as_good_as_codes(
    proto: int, size: int, pairs: list[tuple[int, int]]
) -> None:
    """A flow of requests holds the counter-type where Zeek has the code: the text is the same."""
    ends = (bytes(size), b"\x7f" * size)
    for asked, answered in pairs:
        text = community_id(proto, *ends, asked, answered)
        assert text == ask_reference(proto, ends, (asked, 0))
        assert text == ask_reference(proto, ends[::-1], (answered, 0))


def test_the_example_of_the_specification() -> None:
    ends = bytes([128, 232, 110, 120]), bytes([66, 35, 250, 204])
    assert community_id(6, *ends, 34_855, 80) == "1:LQU9qZlK+B5F3KDmev6m5PMibrg="
    assert community_id(6, *ends, 34_855, 80, seed=1) == "1:3V71V58M3Ksw/yuFALMcW0LAHvc="
