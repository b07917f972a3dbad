"""Addresses claimed by a second machine."""

from collections import OrderedDict
from collections.abc import Callable

from appliance.detect.fanview import Resolve
from appliance.detect.weights_watch import ArpSpoofWeights
from appliance.model.address import MAPPED, format_address, format_mac
from appliance.model.alert import Family, Signal, Term
from appliance.model.observation import ArpSeen

ADDRESSES = 8_192  # about 1 kB each
MACS = 4_096
OWN = 8  # addresses remembered of a MAC
ASKED_S = 5.0  # an answer within this of a question was asked for

# First bytes of MACs that move between machines by design: VRRP and CARP, HSRP, HSRP 2, GLBP,
# Microsoft's load balancing.
_FAILOVER = (
    (0x00005E0001, 8), (0x00005E0002, 8), (0x00000C07AC, 8), (0x00000C9FF, 12),
    (0x0007B400, 16), (0x02BF, 32), (0x03BF, 32),
)  # fmt: skip


class _Address:
    """Who claims one address, and who wants to know."""

    __slots__ = ("asked_s", "askers", "before", "claimed_s", "flips", "mac", "pushed")

    def __init__(self) -> None:
        self.mac = 0  # that claimed it last
        self.claimed_s = 0.0
        self.before: tuple[int, float] = (0, 0.0)  # the MAC before, and when it claimed last
        self.flips = 0  # changes from one to the other and back
        self.pushed = 0  # answers nobody asked for, of the last MAC
        self.asked_s = 0.0
        self.askers: set[int] = set()  # up to four MACs


class _Mac:
    """What one MAC claims."""

    __slots__ = ("addresses", "asks_itself", "next_weight")

    def __init__(self) -> None:
        self.addresses: OrderedDict[int, float] = OrderedDict()
        self.asks_itself = 0  # the address it claims and asks for, 0 none
        self.next_weight = 0.0  # said so far; only more is news


class ArpClaims:
    """Remembers who claims which IPv4 address; those claimed least lately give way."""

    def __init__(
        self, weights: ArpSpoofWeights, resolve: Resolve, addresses_of: Callable[[int], list[int]]
    ) -> None:
        self._addresses_of = addresses_of
        self._weights = weights
        self._resolve = resolve
        self._addresses: OrderedDict[int, _Address] = OrderedDict()
        self._macs: OrderedDict[int, _Mac] = OrderedDict()
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._addresses)

    def is_alive(self, address: int, now_s: float) -> bool:
        """Tell whether somebody claimed an address lately."""
        known = self._addresses.get(address)
        return known is not None and known.claimed_s > now_s - self._weights.alive_s

    def observe(self, seen: ArpSeen) -> Signal | None:
        """Take an ARP packet; return what its sender's claims are worth, if that grew."""
        now_s = seen.ts_ns / 1e9
        if not seen.reply and seen.target != seen.sender:
            self._ask(seen, now_s)
        if not seen.sender or _is_failover(seen.mac):
            return None
        self._claim(seen, now_s)
        return self._judge(seen, now_s)

    def _ask(self, seen: ArpSeen, now_s: float) -> None:
        address = self._address(seen.target)
        address.asked_s = now_s
        if len(address.askers) < 4:
            address.askers.add(seen.mac)
        mac = self._macs.get(seen.mac)
        if mac is not None and seen.sender and address.mac == seen.mac and address.pushed:
            mac.asks_itself = seen.target

    def _claim(self, seen: ArpSeen, now_s: float) -> None:
        address = self._address(seen.sender)
        asked = address.asked_s > now_s - ASKED_S
        if address.mac != seen.mac:
            old = (address.mac, address.claimed_s)
            alive = old[0] and now_s - old[1] < self._weights.alive_s
            back = address.before[0] == seen.mac and alive
            address.flips = address.flips + 1 if back else 0
            address.before = old if alive else (0, 0.0)
            address.mac, address.pushed = seen.mac, 0
        address.claimed_s = now_s
        if seen.reply and not asked:
            address.pushed += 1
        mac = self._mac(seen.mac)
        mac.addresses[seen.sender] = now_s
        mac.addresses.move_to_end(seen.sender)
        if len(mac.addresses) > OWN:
            mac.addresses.popitem(last=False)

    def _judge(self, seen: ArpSeen, now_s: float) -> Signal | None:
        mac = self._macs[seen.mac]
        since = now_s - self._weights.alive_s
        claimed = [
            (number, self._addresses[number])
            for number, ts in mac.addresses.items()
            if ts > since and number in self._addresses
        ]
        own = self._addresses_of(seen.mac)  # an owner that defends itself steals nothing
        stolen = [
            (number, address)
            for number, address in claimed
            if address.before[0]
            and address.mac == seen.mac
            and address.before[1] > since
            and number not in own
        ]
        if not stolen and not mac.asks_itself:
            return None
        if not stolen:
            stolen = [(n, a) for n, a in claimed if n == mac.asks_itself]
            if not stolen:
                return None
        stolen.sort(key=lambda pair: (-len(pair[1].askers), pair[0]))  # the gateway first
        terms = self._weigh(mac, stolen, len(claimed))
        weight = sum(term.weight for term in terms)
        if weight < self._weights.keep or weight <= mac.next_weight:
            return None
        mac.next_weight = weight
        return self._signal(seen, claimed, stolen, terms)

    def _weigh(self, mac: _Mac, stolen: list[tuple[int, _Address]], claimed: int) -> list[Term]:
        limit = self._weights
        contested = [address for _, address in stolen if address.before[0]]
        terms = []
        if contested:
            terms.append(Term("conflict", limit.conflict, "another machine claims it too"))
        if any(address.flips >= 2 for address in contested):
            terms.append(Term("flip_flop", limit.flip_flop, "both go on claiming it"))
        if any(address.pushed >= limit.repeats for _, address in stolen) or mac.asks_itself:
            terms.append(Term("repeated", limit.repeated, "answers nobody asked for"))
        if claimed > len(stolen):
            terms.append(Term("other_address", limit.other_address, "it has an address of its own"))
        if len(contested) >= 2:
            terms.append(
                Term("both_sides", limit.both_sides, f"{len(contested)} machines' addresses")
            )
        if any(len(address.askers) >= limit.gateway_askers for _, address in stolen):
            terms.append(Term("gateway", limit.gateway, "an address many ask for"))
        if mac.asks_itself:
            terms.append(
                Term("asks_itself", limit.asks_itself, "it asks for the address it claims")
            )
        return terms

    def _signal(
        self,
        seen: ArpSeen,
        claimed: list[tuple[int, _Address]],
        stolen: list[tuple[int, _Address]],
        terms: list[Term],
    ) -> Signal:
        numbers = [number for number, _ in stolen]
        owned = [*self._addresses_of(seen.mac), *(number for number, _ in claimed)]
        own = next((number for number in owned if number not in numbers), numbers[0])
        names = [format_address(0, MAPPED | number) for number in numbers[:4]]
        owner = next((address.before[0] for _, address in stolen if address.before[0]), 0)
        now_s = seen.ts_ns / 1e9
        return Signal(
            ts_s=now_s,
            first_s=min((a.before[1] for _, a in stolen if a.before[0]), default=now_s),
            last_s=now_s,
            rule="arp_spoof",
            kind="arp_spoof",
            family=Family.IDENTITY,
            host=self._resolve(0, MAPPED | own),
            peer=self._resolve(0, MAPPED | numbers[0]),
            peers=tuple(names[1:]),
            weight=sum(term.weight for term in terms),
            terms=tuple(terms),
            sentence=(
                f"claimed {' and '.join(names)} by ARP with MAC {format_mac(seen.mac)}"
                + (f", which belonged to {format_mac(owner)}" if owner else "")
                + f" ({', '.join(term.text for term in terms)})"
            ),
            count=len(stolen),
            half_life_s=self._weights.half_life_s,
        )

    def _address(self, number: int) -> _Address:
        address = self._addresses.get(number)
        if address is None:
            if len(self._addresses) >= ADDRESSES:
                self._addresses.popitem(last=False)
                self.evicted += 1
            address = self._addresses[number] = _Address()
        self._addresses.move_to_end(number)
        return address

    def _mac(self, number: int) -> _Mac:
        mac = self._macs.get(number)
        if mac is None:
            if len(self._macs) >= MACS:
                self._macs.popitem(last=False)
                self.evicted += 1
            mac = self._macs[number] = _Mac()
        self._macs.move_to_end(number)
        return mac


def _is_failover(mac: int) -> bool:
    return any(mac >> shift == prefix for prefix, shift in _FAILOVER)
