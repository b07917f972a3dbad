"""Names that do not exist: a program that tries drawn names until one of them is registered."""

from collections import OrderedDict, deque
from math import log2
from typing import NamedTuple
from zlib import crc32

from appliance.detect.domains import looks_drawn, registered_domain
from appliance.detect.fanview import DAY_S, Resolve, say_span
from appliance.detect.weights_watch import DgaWeights
from appliance.model.alert import Family, Signal, Term
from appliance.model.observation import DnsSeen

CLIENTS = 1_024  # about 10 kB each at most
DOMAINS = 128  # last failed ones remembered of a client
EXAMPLES = 4

NO_NAME = "NXDOMAIN"
_WORKS = frozenset({"NOERROR"})


class _Failed(NamedTuple):
    ts_s: float
    domain: int  # CRC-32 of it
    drawn: bool


class _Client:
    """What failed for one client."""

    __slots__ = ("answered", "drawn_examples", "examples", "failed", "known", "next_at", "total")

    def __init__(self) -> None:
        self.failed: deque[_Failed] = deque(maxlen=DOMAINS)
        self.known: OrderedDict[int, None] = OrderedDict()  # domains that failed lately
        self.answered = 0  # answers of all kinds
        self.total = 0  # distinct failed domains
        self.next_at = 0
        self.examples: deque[str] = deque(maxlen=EXAMPLES)
        self.drawn_examples: deque[str] = deque(maxlen=EXAMPLES)


class NameFailures:
    """Watches NXDOMAIN answers by client. The client seen least lately gives way."""

    def __init__(self, weights: DgaWeights, resolve: Resolve) -> None:
        self._weights = weights
        self._resolve = resolve
        self._clients: OrderedDict[tuple[int, int], _Client] = OrderedDict()
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._clients)

    def __contains__(self, client: tuple[int, int]) -> bool:
        """Tell whether names failed for a client: its other answers count too."""
        return client in self._clients

    def observe(self, seen: DnsSeen) -> Signal | None:
        """Take an answer; return what its client's failures are worth, if that grew."""
        key = (seen.client_hi, seen.client_lo)
        client = self._clients.get(key)
        if seen.rcode != NO_NAME:
            if client is not None and seen.rcode in _WORKS:
                client.answered += 1
            return None
        domain = registered_domain(seen.name)
        if not domain:
            return None
        if client is None:
            client = self._add(key)
        self._clients.move_to_end(key)
        client.answered += 1
        if not _note(client, domain, seen.ts_ns / 1e9) or client.total < client.next_at:
            return None
        signal = self._judge(key, client)
        if signal is not None:
            client.next_at = client.total + max(client.total // 4, 3)
        return signal

    def _add(self, key: tuple[int, int]) -> _Client:
        if len(self._clients) >= CLIENTS:
            self._clients.popitem(last=False)
            self.evicted += 1
        client = self._clients[key] = _Client()
        return client

    def _judge(self, key: tuple[int, int], client: _Client) -> Signal | None:
        limit = self._weights
        now_s = client.failed[-1].ts_s
        drawn = [failed.ts_s for failed in client.failed if failed.drawn]
        limits = (
            (300.0, limit.domains_300_s),
            (3_600.0, limit.domains_3600_s),
            (DAY_S, limit.domains_day),
        )
        ratio, span_s = max(
            (sum(ts > now_s - span for ts in drawn) / most, -span) for span, most in limits
        )
        among = sum(failed.ts_s > now_s + span_s for failed in client.failed)
        count = sum(ts > now_s + span_s for ts in drawn)
        if ratio >= 1 and count >= limit.drawn_share * among:
            more = min(limit.per_doubling * log2(ratio), limit.most)
            terms = [
                Term("names", limit.weight, f"{count} of {among} failed domains look drawn"),
                Term("many", more, f"{ratio:.1f} times the limit of {say_span(-span_s)}"),
            ]
            return self._signal(key, client, count, terms)
        plain = sum(failed.ts_s > now_s - 3_600.0 for failed in client.failed)
        if plain < limit.plain_domains or client.total < limit.failed_share * client.answered:
            return None
        terms = [Term("names", limit.plain_weight, f"{plain} domains failed within an hour")]
        return self._signal(key, client, plain, terms)

    def _signal(
        self, key: tuple[int, int], client: _Client, count: int, terms: list[Term]
    ) -> Signal:
        limit = self._weights
        last_s = client.failed[-1].ts_s
        plain = len(terms) == 1
        first_s = client.failed[max(len(client.failed) - count, 0)].ts_s
        examples = client.examples if plain else client.drawn_examples
        return Signal(
            ts_s=last_s,
            first_s=first_s,
            last_s=last_s,
            rule="dga",
            kind="dga",
            family=Family.DNS,
            host=self._resolve(*key),
            port=53,
            proto=17,
            weight=sum(term.weight for term in terms),
            terms=tuple(terms),
            sentence=(
                f"asked for {count} {'' if plain else 'drawn-looking '}domains that do not exist "
                f"in {say_span(last_s - first_s)} ({', '.join(examples)})"
            ),
            count=client.total,
            solo_limit=limit.plain_solo if plain else 99.0,
            half_life_s=limit.half_life_s,
        )


def _note(client: _Client, domain: str, ts_s: float) -> bool:
    """Remember a failed domain; tell whether it is another than the last ones."""
    number = crc32(domain.encode())
    if number in client.known:
        client.known.move_to_end(number)
        return False
    client.known[number] = None
    if len(client.known) > DOMAINS:
        client.known.popitem(last=False)
    drawn = looks_drawn(domain)
    client.failed.append(_Failed(ts_s, number, drawn))
    client.total += 1
    client.examples.append(domain)
    if drawn:
        client.drawn_examples.append(domain)
    return True
