"""DHCP: floods that use up a server's addresses, and clients that try one after another."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from math import log2

import msgspec

from appliance.detect.fanview import Resolve, say_span
from appliance.detect.weights import Weights
from appliance.model.address import Address, format_mac
from appliance.model.alert import Family, Signal, Term
from appliance.model.observation import DhcpSeen, Observation

RECENT = 1_024  # messages of all clients
CLIENTS = 1_024
ADDRESSES = 32  # asked for, remembered of a client

AddressOf = Callable[[int], tuple[int, int] | None]  # MAC -> the address it has


class _Client:
    __slots__ = ("next_at", "wanted")

    def __init__(self) -> None:
        self.wanted: OrderedDict[int, float] = OrderedDict()  # address -> when
        self.next_at = 0


class DhcpStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """`evicted` since start, `clients` now."""

    clients: int
    evicted: int


class DhcpWatch:
    """Judges messages of DHCP clients. One thread; packet time.

    address_of : the address of a MAC, if known; else the host of a signal is 0.0.0.0
    """

    def __init__(self, weights: Weights, resolve: Resolve, address_of: AddressOf) -> None:
        self._flood = weights.dhcp_flood
        self._scan = weights.dhcp_scan
        self._resolve = resolve
        self._address_of = address_of
        # (when, MAC of the frame, MAC of the client, transaction), newest last
        self._recent: deque[tuple[float, int, int, int]] = deque(maxlen=RECENT)
        self._next_flood = 0
        self._clients: OrderedDict[int, _Client] = OrderedDict()
        self._evicted = 0

    def observe(self, items: Iterable[Observation]) -> list[Signal]:
        """Take observations in order, those of DHCP count; return what became evident."""
        signals: list[Signal] = []
        for seen in items:
            if isinstance(seen, DhcpSeen):
                found = (self._judge_flood(seen), self._judge_scan(seen))
                signals += [signal for signal in found if signal is not None]
        return signals

    def statistics(self) -> DhcpStatistics:
        """Return the counters."""
        return DhcpStatistics(clients=len(self._clients), evicted=self._evicted)

    def _host(self, mac: int) -> Address:
        return self._resolve(*(self._address_of(mac) or (0, 0xFFFF << 32)))

    def _judge_flood(self, seen: DhcpSeen) -> Signal | None:
        limit = self._flood
        now_s = seen.ts_ns / 1e9
        recent = self._recent
        recent.append((now_s, seen.mac, seen.client_mac, seen.transaction))
        while recent and not now_s - 60.0 < recent[0][0] <= now_s + 60.0:
            recent.popleft()
        if len(recent) < max(min(limit.clients_60_s, limit.messages_60_s), self._next_flood):
            if len(recent) < limit.clients_60_s:
                self._next_flood = 0
            return None
        clients = len({client for _, _, client, _ in recent})
        own = len({transaction for _, mac, _, transaction in recent if mac == seen.mac})
        ratio = max(clients / limit.clients_60_s, own / limit.messages_60_s)
        if ratio < 1:
            return None
        self._next_flood = min(len(recent) * 3 // 2, RECENT)
        if len(recent) == RECENT:
            recent.clear()  # counted anew: a flood is told of again only while it goes on
        terms = (
            Term("flood", limit.weight, f"{clients} clients, {own} messages of this sender"),
            Term(
                "many",
                min(limit.per_doubling * log2(ratio), limit.most),
                f"{ratio:.1f} times the limit of a minute",
            ),
        )
        return Signal(
            ts_s=now_s,
            first_s=now_s - 60.0 if not recent else recent[0][0],
            last_s=now_s,
            rule="dhcp_flood",
            kind="dhcp_flood",
            family=Family.RATE,
            host=self._host(seen.mac),
            port=67,
            proto=17,
            weight=sum(term.weight for term in terms),
            terms=terms,
            sentence=(
                f"asked for addresses in the name of {clients} clients within a minute, "
                f"{own} requests by MAC {format_mac(seen.mac)}"
            ),
            count=max(clients, own),
            half_life_s=limit.half_life_s,
        )

    def _judge_scan(self, seen: DhcpSeen) -> Signal | None:
        limit = self._scan
        if not seen.requested or seen.message not in {"discover", "request"}:
            return None
        client = self._client(seen.client_mac)
        now_s = seen.ts_ns / 1e9
        client.wanted[seen.requested] = now_s
        client.wanted.move_to_end(seen.requested)
        if len(client.wanted) > ADDRESSES:
            client.wanted.popitem(last=False)
        since = now_s - limit.window_s
        times = [ts for ts in client.wanted.values() if ts > since]
        if len(times) < max(limit.addresses, client.next_at):
            return None
        client.next_at = min(len(times) * 2, ADDRESSES)
        more = min(limit.per_doubling * log2(len(times) / limit.addresses), limit.most)
        terms = (
            Term("addresses", limit.weight, f"{len(times)} addresses asked for"),
            Term("many", more, f"{len(times) / limit.addresses:.1f} times the limit"),
        )
        return Signal(
            ts_s=now_s,
            first_s=min(times),
            last_s=now_s,
            rule="dhcp_scan",
            kind="dhcp_flood",
            family=Family.FANOUT,
            host=self._host(seen.client_mac),
            port=67,
            proto=17,
            weight=sum(term.weight for term in terms),
            terms=terms,
            sentence=(
                f"asked DHCP for {len(times)} different addresses in "
                f"{say_span(now_s - min(times))} (MAC {format_mac(seen.client_mac)})"
            ),
            count=len(times),
            solo_limit=limit.solo,
            half_life_s=limit.half_life_s,
        )

    def _client(self, mac: int) -> _Client:
        client = self._clients.get(mac)
        if client is None:
            if len(self._clients) >= CLIENTS:
                self._clients.popitem(last=False)
                self._evicted += 1
            client = self._clients[mac] = _Client()
        self._clients.move_to_end(mac)
        return client
