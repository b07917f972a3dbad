"""What single packets say to detection, and a bounded place to keep it."""

from appliance.metadata.arp import Pair
from appliance.metadata.dhcp import DECLINE, DISCOVER, INFORM, RELEASE, REQUEST, Lease
from appliance.metadata.dns import Message
from appliance.metadata.packet import Packet
from appliance.model.observation import ArpSeen, DhcpSeen, DnsSeen, Observation

OBSERVATIONS = 16_384  # between two drains; metadata's samples per second bound what comes

_new_tuple = tuple.__new__  # half the time of calling the class, which only does this
_MESSAGES = {
    DISCOVER: "discover",
    REQUEST: "request",
    DECLINE: "decline",
    RELEASE: "release",
    INFORM: "inform",
}


class ObservationQueue:
    """Observations not yet drained, in order; the newest are refused when there are too many."""

    def __init__(self) -> None:
        self._waiting: list[Observation] = []
        self.refused = 0

    def put(self, seen: Observation) -> None:
        """Keep an observation; refuse it if the queue is full."""
        if len(self._waiting) < OBSERVATIONS:
            self._waiting.append(seen)
        else:
            self.refused += 1

    def drain(self) -> list[Observation]:
        """Return the observations and forget them."""
        waiting, self._waiting = self._waiting, []
        return waiting


def see_dns(packet: Packet, message: Message, size_bytes: int) -> DnsSeen:
    """Return a question or an answer; whoever sends the answer is the server."""
    response, _, rcode, name, kind, _ = message
    source_hi, source_lo, target_hi, target_lo = packet[3:7]
    if response:
        source_hi, source_lo, target_hi, target_lo = target_hi, target_lo, source_hi, source_lo
    else:
        rcode = ""
    fields = (packet.ts_ns, source_hi, source_lo, target_hi, target_lo)
    return _new_tuple(DnsSeen, (*fields, name, kind, rcode, size_bytes))


def see_arp(packet: Packet, pair: Pair) -> ArpSeen:
    """Return an ARP packet, probes included."""
    return ArpSeen(packet.ts_ns, pair.mac, pair.address, pair.target, pair.reply)


def see_dhcp(packet: Packet, lease: Lease) -> DhcpSeen:
    """Return a client's message."""
    return DhcpSeen(
        packet.ts_ns,
        packet.src_mac,
        lease.mac,
        lease.transaction,
        _MESSAGES.get(lease.kind, "other"),
        lease.hostname,
        lease.requested or lease.current,
    )
