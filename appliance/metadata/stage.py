"""The metadata stage: sampled packets in; what they say about flows and devices out."""

from collections.abc import Callable
from copy import copy
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Metadata
from appliance.metadata import devices, mdns
from appliance.metadata.arp import parse_arp
from appliance.metadata.dhcp import parse_dhcp
from appliance.metadata.dhcpv6 import parse_dhcpv6
from appliance.metadata.dns import AAAA, CNAME, A, Memo, Message
from appliance.metadata.hellos import QuicHellos, TlsHellos
from appliance.metadata.http import parse_request, parse_ssdp
from appliance.metadata.names import PassiveDns, address_key, address_keys
from appliance.metadata.nbns import parse_nbns
from appliance.metadata.observations import ObservationQueue, see_arp, see_dhcp, see_dns
from appliance.metadata.packet import Packet, iter_packets
from appliance.metadata.pending import PendingFlows, fill_dns, fill_hello, fill_http
from appliance.metadata.ssh import parse_banner
from appliance.model.address import MAPPED
from appliance.model.flow import FLOW_SAMPLED, EndReason
from appliance.model.meta import DeviceFact, FlowMeta
from appliance.model.observation import Observation
from appliance.model.sample import SampleKind, Samples

PIPELINED = 8  # DNS messages read of one TCP segment
_TCP = 6


class MetadataStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since start, except where said otherwise."""

    samples: dict[str, int]  # looked at, by SampleKind in lower case; kinds not seen are missing
    unreadable: dict[str, int]  # of these, the ones that told nothing
    parsed: int  # all the others
    refused: int  # QUIC packets not decrypted because of the limit per second
    names: int  # passive DNS entries now
    names_evicted: int
    flows_pending: int  # flows with metadata not yet taken, now
    flows_evicted: int  # metadata lost because there were too many such flows
    hellos_evicted: int  # unfinished TLS and QUIC hellos given up for the same reason
    facts_refused: int  # device facts lost because nobody drained them in time
    observations_refused: int  # DNS, ARP and DHCP observations lost for the same reason


class MetadataStage:
    """Dissects samples and keeps what they say until the flow ends.

    One thread at a time. The results depend on the samples and flows alone, in their order.
    """

    def __init__(self, config: Metadata) -> None:
        self._enabled = config.enabled
        self._pending = PendingFlows()
        self._names = PassiveDns(config.names)
        self._facts = devices.FactQueue()
        self._seen = ObservationQueue()
        self._tls = TlsHellos()
        self._quic = QuicHellos(max(config.samples_per_s // 10, 1))
        self._memo = Memo(everything=False)
        self._mdns_memo = Memo(everything=True)
        self._samples = [0] * 256  # by kind
        self._unreadable = [0] * 256
        # Each tells whether the packet said anything.
        self._readers: dict[int, Callable[[Packet], bool]] = {
            SampleKind.DNS: self._read_dns,
            SampleKind.MDNS: self._read_mdns,
            SampleKind.LLMNR: self._read_llmnr,
            SampleKind.NBNS: self._read_nbns,
            SampleKind.DHCP: self._read_dhcp,
            SampleKind.DHCPV6: self._read_dhcpv6,
            SampleKind.TLS: self._read_tls,
            SampleKind.QUIC: self._read_quic,
            SampleKind.HTTP: self._read_http,
            SampleKind.SSH: self._read_ssh,
            SampleKind.ARP: self._read_arp,
            SampleKind.SSDP: self._read_ssdp,
        }

    def absorb(self, samples: Samples) -> None:
        """Dissect all samples, in order."""
        if not self._enabled:
            return
        for packet in iter_packets(samples):
            self._samples[packet.kind] += 1
            reader = self._readers.get(packet.kind)
            if reader is None or not reader(packet):
                self._unreadable[packet.kind] += 1

    def take(self, flows: NDArray[Any]) -> list[FlowMeta | None]:
        """Return the metadata of each flow of a FLOW_DTYPE array, None where there is none.

        A flow that goes on (EndReason.ACTIVE) keeps its metadata here too; of one that has ended
        everything is forgotten. A flow without a name of its own gets the one its originator, or
        else anybody, looked up for the responder's address.
        """
        metas: list[FlowMeta | None] = [None] * len(flows)
        if self._enabled and len(flows):
            self._take_own(flows, metas)
            self._add_names(flows, metas)
        return metas

    def name_of(self, hi: int, lo: int) -> str:
        """Return the name last looked up or announced for an address, "" without."""
        return self._names.name_of(hi, lo)

    def facts(self) -> list[DeviceFact]:
        """Return what was learnt about devices since the last call, oldest first."""
        return self._facts.drain()

    def observations(self) -> list[Observation]:
        """Return the DNS, ARP and DHCP messages seen since the last call, in order."""
        return self._seen.drain()

    def statistics(self) -> MetadataStatistics:
        """Return the counters."""
        return MetadataStatistics(
            samples=_by_kind(self._samples),
            unreadable=_by_kind(self._unreadable),
            parsed=sum(self._samples) - sum(self._unreadable),
            refused=self._quic.refused,
            names=len(self._names),
            names_evicted=self._names.evicted,
            flows_pending=len(self._pending),
            flows_evicted=self._pending.evicted,
            hellos_evicted=self._tls.states.evicted + self._quic.states.evicted,
            facts_refused=self._facts.refused,
            observations_refused=self._seen.refused,
        )

    def _take_own(self, flows: NDArray[Any], metas: list[FlowMeta | None]) -> None:
        sampled = np.flatnonzero(flows["bits"] & FLOW_SAMPLED)
        ids = flows["id"][sampled].tolist()
        active = (flows["reason"][sampled] == EndReason.ACTIVE).tolist()
        for index, flow_id, goes_on in zip(sampled.tolist(), ids, active, strict=True):
            if goes_on:
                metas[index] = copy(self._pending.get(flow_id))
                continue
            metas[index] = self._pending.pop(flow_id)
            self._tls.states.drop(flow_id)
            self._quic.states.drop(flow_id)

    def _add_names(self, flows: NDArray[Any], metas: list[FlowMeta | None]) -> None:
        resp, orig = flows["resp"], flows["orig"]
        answers = address_keys(resp["addr_hi"], resp["addr_lo"]).tolist()
        known = self._names.known(answers)
        if not known:
            return
        asked_by = orig[known]
        clients = address_keys(asked_by["addr_hi"], asked_by["addr_lo"]).tolist()
        begins = flows["first_ns"][known].tolist()
        for index, client, first_ns in zip(known, clients, begins, strict=True):
            meta = metas[index]
            if meta is None:
                meta = metas[index] = FlowMeta()
            if not meta.name:
                meta.name = self._names.find(answers[index], client, first_ns)

    def _read_dns(self, packet: Packet) -> bool:
        if packet.proto != _TCP:
            message = self._memo.read(packet.payload)
            if message is not None and message.name:
                self._seen.put(see_dns(packet, message, packet.wire_length))
            return self._use_dns(packet, "dns", message)
        data, readable = packet.payload, False
        for _ in range(PIPELINED):
            size = data[0] << 8 | data[1] if len(data) > 2 else 0
            if size < 12:
                break
            message = self._memo.read(data[2 : 2 + size])
            readable = self._use_dns(packet, "dns", message) or readable
            if message is not None and message.name:
                self._seen.put(see_dns(packet, message, size))
            data = data[2 + size :]
        return readable

    def _read_llmnr(self, packet: Packet) -> bool:
        return self._use_dns(packet, "llmnr", self._memo.read(packet.payload))

    def _use_dns(self, packet: Packet, service: str, message: Message | None) -> bool:
        if message is None:
            return False
        fill_dns(self._pending.of(packet.flow_id, service), message)
        if message.response and message.records:
            self._learn(packet, message)
        return True

    def _learn(self, packet: Packet, message: Message) -> None:
        """Note the addresses a name leads to, directly or over CNAMEs; others prove nothing."""
        client = address_key(packet.dst_hi, packet.dst_lo)
        names = {message.name}
        for record in message.records:
            if record.name not in names:
                continue
            if record.type == CNAME:
                names.add(record.value)
            elif record.type in {A, AAAA} and not _is_void(record.hi, record.lo):
                key = address_key(record.hi, record.lo)
                self._names.learn(key, client, message.name, packet.ts_ns)

    def _read_mdns(self, packet: Packet) -> bool:
        message = self._mdns_memo.read(packet.payload)
        if message is None:
            return False
        fill_dns(self._pending.of(packet.flow_id, "mdns"), message)
        hosts = mdns.find_hosts(message)
        for host in hosts:
            if not _is_void(host.hi, host.lo):
                key = address_key(host.hi, host.lo)
                self._names.learn(key, 0, f"{host.name}.local", packet.ts_ns)
        for fact in devices.mdns_facts(packet, hosts):
            self._facts.put(fact)
        return True

    def _read_nbns(self, packet: Packet) -> bool:
        claim = parse_nbns(packet.payload)
        if claim is None:
            return False
        meta = self._pending.of(packet.flow_id, "nbns")
        fill_dns(meta, Message(claim.response, 0, claim.rcode, claim.name, claim.type, ()))
        return self._put(devices.nbns_fact(packet, claim))

    def _read_dhcp(self, packet: Packet) -> bool:
        lease = parse_dhcp(packet.payload)
        if lease is None:
            return False
        self._pending.of(packet.flow_id, "dhcp")
        if lease.from_client and lease.kind:
            self._seen.put(see_dhcp(packet, lease))
        return self._put(devices.dhcp_fact(packet, lease))

    def _read_dhcpv6(self, packet: Packet) -> bool:
        lease = parse_dhcpv6(packet.payload)
        if lease is None:
            return False
        self._pending.of(packet.flow_id, "dhcp")
        return self._put(devices.dhcpv6_fact(packet, lease))

    def _read_arp(self, packet: Packet) -> bool:
        pair = parse_arp(packet.payload)
        if pair is None:
            return False
        self._seen.put(see_arp(packet, pair))
        return self._put(devices.arp_fact(packet, pair))

    def _read_tls(self, packet: Packet) -> bool:
        hello = self._tls.absorb(packet)
        if hello is None:
            return self._tls.states.get(packet.flow_id) is not None
        fill_hello(self._pending.of(packet.flow_id, "tls"), hello, "t")
        return True

    def _read_quic(self, packet: Packet) -> bool:
        hello = self._quic.absorb(packet)
        if hello is None:
            return self._quic.states.get(packet.flow_id) is not None
        fill_hello(self._pending.of(packet.flow_id, "quic"), hello, "q")
        return True

    def _read_http(self, packet: Packet) -> bool:
        request = parse_request(packet.payload)
        if request is None:
            return False
        fill_http(self._pending.of(packet.flow_id, "http"), request)
        return True

    def _read_ssh(self, packet: Packet) -> bool:
        banner = parse_banner(packet.payload)
        if banner is None:
            return False
        meta = self._pending.of(packet.flow_id, "ssh")
        if packet.from_orig:
            meta.ssh_client = meta.ssh_client or banner
        else:
            meta.ssh_server = meta.ssh_server or banner
        return True

    def _read_ssdp(self, packet: Packet) -> bool:
        product = parse_ssdp(packet.payload)
        if product is None:
            return False
        meta = self._pending.of(packet.flow_id, "ssdp")
        meta.user_agent = meta.user_agent or product
        return True

    def _put(self, fact: DeviceFact | None) -> bool:
        if fact is not None:
            self._facts.put(fact)
        return True


def _by_kind(counts: list[int]) -> dict[str, int]:
    return {kind.name.lower(): counts[kind] for kind in SampleKind if counts[kind]}


def _is_void(hi: int, lo: int) -> bool:
    """Unspecified or loopback: blocking resolvers answer with these."""
    return hi == 0 and (lo < 2 or lo == MAPPED or lo >> 24 == MAPPED >> 24 | 127)
