import pytest

from appliance.detect.arpspoof import ADDRESSES, MACS, ArpClaims
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.observation import ArpSeen
from tests.support.fans import Addresses

NET = 0x0A000000
GATEWAY, VICTIM, THIEF = 0x020000000001, 0x020000000002, 0x020000000066
T0_NS = 1_700_000_000_000_000_000


def ask(mac: int, sender: int, target: int, at_s: float) -> ArpSeen:
    return ArpSeen(T0_NS + int(at_s * 1e9), mac, NET + sender if sender else 0, NET + target, False)


def answer(mac: int, sender: int, at_s: float, target: int = 2) -> ArpSeen:
    return ArpSeen(T0_NS + int(at_s * 1e9), mac, NET + sender, NET + target, True)


def observe(*items: ArpSeen) -> list[Signal]:
    claims = ArpClaims(Weights().arp_spoof, Addresses().resolve, lambda _: [])
    return [signal for seen in items if (signal := claims.observe(seen)) is not None]


NORMAL = [
    ask(VICTIM, 2, 1, 0.0),
    answer(GATEWAY, 1, 0.1),
    ask(0x020000000003, 3, 1, 1.0),
    ask(0x020000000004, 4, 1, 2.0),
    ask(THIEF, 66, 1, 3.0),
    answer(GATEWAY, 1, 3.1, 66),
    ask(GATEWAY, 1, 2, 4.0),
    answer(VICTIM, 2, 4.1, 1),
]


def test_a_man_in_the_middle() -> None:
    poison = [
        item
        for step in range(10)
        for item in (answer(THIEF, 1, 10 + 2 * step), answer(THIEF, 2, 10.5 + 2 * step, 1))
    ]
    signals = observe(*NORMAL, *poison)
    last = signals[-1]
    assert (last.kind, last.host.ip, last.peer and last.peer.ip) == (
        "arp_spoof", "10.0.0.66", "10.0.0.1",
    )  # fmt: skip
    assert last.weight > 3.6
    assert "which belonged to 02:00:00:00:00:01" in last.sentence


def test_without_having_seen_the_owner() -> None:
    signals = observe(answer(THIEF, 1, 0.0), ask(THIEF, 66, 1, 9.0))
    assert signals
    assert "it asks for the address it claims" in signals[-1].sentence


def test_the_owner_going_on_to_claim_it() -> None:
    items = [answer(mac, 1, 10 + i) for i, mac in enumerate([THIEF, GATEWAY] * 6)]
    assert any("both go on claiming it" in s.sentence for s in observe(*NORMAL, *items))


@pytest.mark.parametrize(
    "items",
    [
        NORMAL,
        [answer(VICTIM, 7, 0.0), answer(THIEF, 7, 4_000.0)],  # the lease went to another
        [answer(VICTIM, 7, 0.0), ask(THIEF, 7, 7, 60.0)],  # failover: one announcement
        [answer(mac, 1, i) for i, mac in enumerate([0x00005E000101, GATEWAY] * 9)],  # VRRP
        [ask(THIEF, 0, 1, 0.0), ask(THIEF, 0, 1, 1.0)],  # probes before taking an address
        [answer(GATEWAY, n, n) for n in range(2, 40)],  # a proxy for machines elsewhere
    ],
)
def test_quiet(items: list[ArpSeen]) -> None:
    assert observe(*items) == []


def test_the_same_weight_is_said_once() -> None:
    poison = [answer(THIEF, n, 10 + step) for step in range(200) for n in (1, 2)]
    assert len(observe(*NORMAL, *poison)) <= 4


def test_a_flood_of_forged_pairs_plateaus() -> None:
    claims = ArpClaims(Weights().arp_spoof, Addresses().resolve, lambda _: [])
    for number in range(ADDRESSES + 10):
        claims.observe(answer(0x020000000000 + number, number, number * 0.001))
    assert len(claims) == ADDRESSES
    assert claims.evicted == 10 + ADDRESSES + 10 - MACS
