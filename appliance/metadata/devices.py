"""What single packets say about devices, as facts, and a bounded place to keep them."""

from appliance.metadata.arp import Pair
from appliance.metadata.dhcp import ACK, DECLINE, RELEASE, REQUEST, Lease
from appliance.metadata.dhcpv6 import REPLY, LeaseV6
from appliance.metadata.mdns import LocalHost
from appliance.metadata.nbns import Claim
from appliance.metadata.packet import Packet
from appliance.model.address import MAPPED, unpack_address
from appliance.model.meta import DeviceFact

FACTS = 4_096  # different ones between two drains; a flood of forged ARP can make any number

_GROUP_BIT = 1 << 40  # of a MAC: multicast and broadcast are nobody's address


class FactQueue:
    """Facts not yet drained. The same fact again only becomes newer."""

    def __init__(self) -> None:
        self._facts: dict[tuple[object, ...], DeviceFact] = {}
        self.refused = 0

    def put(self, fact: DeviceFact) -> None:
        """Keep a fact; refuse it if the queue is full."""
        key = (
            fact.mac, fact.addr_hi, fact.addr_lo, fact.source,
            fact.hostname, fact.vendor_class, fact.fingerprint,
        )  # fmt: skip
        if self._facts.pop(key, None) is None and len(self._facts) >= FACTS:
            self.refused += 1
            return
        self._facts[key] = fact

    def drain(self) -> list[DeviceFact]:
        """Return the facts, oldest first, and forget them."""
        facts = list(self._facts.values())
        self._facts.clear()
        return facts


def arp_fact(packet: Packet, pair: Pair) -> DeviceFact | None:
    """Return who has which address, as the sender says; None if it says none."""
    if not pair.address:
        return None
    return DeviceFact(ts_ns=packet.ts_ns, mac=pair.mac, addr_lo=MAPPED | pair.address, source="arp")


def dhcp_fact(packet: Packet, lease: Lease) -> DeviceFact | None:
    """Return what a client says of itself, or the address a server confirms; else None."""
    if lease.mac == 0 or lease.mac & _GROUP_BIT:
        return None
    if lease.from_client:
        address = lease.current or (lease.requested if lease.kind == REQUEST else 0)
        if lease.kind in {DECLINE, RELEASE}:
            address = 0
    elif lease.kind == ACK:
        address = lease.assigned or lease.current
    else:
        return None
    if not (address or lease.hostname or lease.vendor_class or lease.fingerprint):
        return None
    return DeviceFact(
        ts_ns=packet.ts_ns,
        mac=lease.mac,
        addr_lo=MAPPED | address if address else 0,
        source="dhcp",
        hostname=lease.hostname,
        # A server's answer names the server's product, not the client's.
        vendor_class=lease.vendor_class if lease.from_client else "",
        fingerprint=lease.fingerprint if lease.from_client else "",
    )


def dhcpv6_fact(packet: Packet, lease: LeaseV6) -> DeviceFact | None:
    """Return what a client says of itself, or the address a server gives it; else None.

    On the client's own link the frame tells its MAC; the DUID may be of another interface.
    """
    frame_mac, hi, lo = 0, 0, 0
    if lease.from_client and not lease.relayed:
        frame_mac, hi, lo = packet.src_mac, packet.src_hi, packet.src_lo
    elif not lease.from_client:
        if lease.kind != REPLY or not lease.assigned:
            return None
        frame_mac = 0 if lease.relayed else packet.dst_mac
        hi, lo = unpack_address(lease.assigned)
    mac = lease.mac if frame_mac == 0 or frame_mac & _GROUP_BIT else frame_mac
    if mac == 0:
        return None
    return DeviceFact(
        ts_ns=packet.ts_ns,
        mac=mac,
        addr_hi=hi,
        addr_lo=lo,
        source="dhcpv6",
        hostname=lease.hostname.split(".", 1)[0],
        vendor_class=lease.vendor_class if lease.from_client else "",
        fingerprint=lease.fingerprint if lease.from_client else "",
    )


def nbns_fact(packet: Packet, claim: Claim) -> DeviceFact | None:
    """Return the machine that has a name; its MAC only if it speaks for itself."""
    if not claim.hostname:
        return None
    lo = MAPPED | claim.address if claim.address else packet.src_lo
    itself = (packet.src_hi, packet.src_lo) == (0, lo)
    return DeviceFact(
        ts_ns=packet.ts_ns,
        mac=claim.mac or (packet.src_mac if itself else 0),
        addr_lo=lo,
        source="nbns",
        hostname=claim.hostname,
    )


def mdns_facts(packet: Packet, hosts: list[LocalHost]) -> list[DeviceFact]:
    """Return the hosts of an announcement.

    The sender's MAC belongs to a name only if that name has the sender's address: repeaters and
    sleep proxies announce other machines.
    """
    source = (packet.src_hi, packet.src_lo)
    own = {host.name for host in hosts if (host.hi, host.lo) in {source, (0, 0)}}
    return [
        DeviceFact(
            ts_ns=packet.ts_ns,
            mac=packet.src_mac if host.name in own else 0,
            addr_hi=host.hi if host.lo or host.hi else packet.src_hi,
            addr_lo=host.lo if host.lo or host.hi else packet.src_lo,
            source="mdns",
            hostname=host.name,
        )
        for host in hosts
    ]
