"""What the names in DNS messages give away."""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from appliance.detect.dga import NO_NAME, NameFailures
from appliance.detect.dnstunnel import SHORTEST, NameTunnels
from appliance.detect.fanview import Resolve
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.observation import DnsSeen, Observation

SERVERS = 4_096  # addresses remembered as resolvers


class DnsStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """`seen` and `evicted` since start, the others now."""

    seen: int
    clients: int  # with names that failed
    carriers: int  # (client, domain) with long names
    servers: int
    evicted: int


class DnsWatch:
    """Judges DNS questions and answers as they come. One thread; packet time.

    A machine that answers others asks on their behalf: it is left out, they are judged themselves.
    """

    def __init__(self, weights: Weights, resolve: Resolve) -> None:
        self._failures = NameFailures(weights.dga, resolve)
        self._tunnels = NameTunnels(weights.dns_tunnel, resolve)
        self._servers: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._newest = (-1, -1)  # the last one in `_servers`
        self._seen = 0
        self._evicted = 0

    def observe(self, items: Iterable[Observation]) -> list[Signal]:
        """Take observations in order, those of DNS count; return what became evident.

        cost : 2-5 us a message
        """
        signals: list[Signal] = []
        servers, failures, tunnels = self._servers, self._failures, self._tunnels
        for seen in items:
            if not isinstance(seen, DnsSeen):
                continue
            self._seen += 1
            _, client_hi, client_lo, server_hi, server_lo, name, _, rcode, _ = seen
            client = client_hi, client_lo
            if rcode:  # only who answers is a server
                self._note_server((server_hi, server_lo))
            if client in servers:
                continue
            if rcode and (rcode == NO_NAME or client in failures):
                signal = failures.observe(seen)
                if signal is not None:
                    signals.append(signal)
            if len(name) >= SHORTEST and (signal := tunnels.observe(seen)) is not None:
                signals.append(signal)
        return signals

    def is_resolver(self, hi: int, lo: int) -> bool:
        """Tell whether an address was asked DNS questions lately."""
        return (hi, lo) in self._servers

    def statistics(self) -> DnsStatistics:
        """Return the counters."""
        return DnsStatistics(
            seen=self._seen,
            clients=len(self._failures),
            carriers=len(self._tunnels),
            servers=len(self._servers),
            evicted=self._evicted + self._failures.evicted + self._tunnels.evicted,
        )

    def _note_server(self, server: tuple[int, int]) -> None:
        if server == self._newest:
            return
        self._newest = server
        if server in self._servers:
            self._servers.move_to_end(server)
            return
        if len(self._servers) >= SERVERS:
            self._servers.popitem(last=False)
            self._evicted += 1
        self._servers[server] = None
