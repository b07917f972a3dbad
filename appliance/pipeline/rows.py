"""A batch as rows that people read: every field spelled out."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.flows.communityid import community_id
from appliance.flows.connstate import histories, states
from appliance.model.address import Address, format_mac
from appliance.model.flow import (
    FLOW_GSO,
    FLOW_PARTIAL,
    Direction,
    EndReason,
    FlowBatch,
    Tunnel,
)
from appliance.model.meta import FlowMeta
from appliance.model.names import protocol_name
from appliance.model.views import FlowRow

_NO_META = FlowMeta()
_DIRECTIONS = {int(value): value.name.lower() for value in Direction}
_REASONS = {int(value): value.name.lower() for value in EndReason}
_TUNNELS = {int(value): value.name.lower() for value in Tunnel} | {0: ""}


def country_label(address: Address) -> str:
    """Return the ISO code, "Local" or "Unknown"."""
    if address.local:
        return "Local"
    return address.country or "Unknown"


def make_rows(batch: FlowBatch, indices: NDArray[np.intp] | None = None) -> Iterator[FlowRow]:
    """Yield the flows of an enriched batch as rows, in order.

    indices : which flows; None = all. `id` is 0: only the store knows its own.
    """
    chosen = np.arange(len(batch)) if indices is None else indices
    flows = batch.flows[chosen]
    texts = zip(chosen.tolist(), states(flows), histories(flows), strict=True)
    for record, (index, state, history) in zip(flows, texts, strict=True):
        meta = batch.meta[index] or _NO_META
        yield _make_row(record, batch, index, (state, history), meta)


def _make_row(
    flow: Any, batch: FlowBatch, index: int, texts: tuple[str, str], meta: FlowMeta
) -> FlowRow:
    orig, resp = flow["orig"], flow["resp"]
    source, target = batch.orig[index], batch.resp[index]
    bits, proto = int(flow["bits"]), int(flow["proto"])
    first, last = int(flow["first_ns"]), int(flow["last_ns"])
    rtt_us = int(flow["syn_rtt_us"]) + int(flow["ack_rtt_us"])
    packets, size, gaps = moments(flow)
    return FlowRow(
        id=0,
        flow_id=str(flow["id"]),
        start=first / 1e9,
        end=last / 1e9,
        duration=(last - first) / 1e9,
        src_ip=source.ip,
        src_port=int(orig["port"]),
        dst_ip=target.ip,
        dst_port=int(resp["port"]),
        proto=protocol_name(proto),
        direction=_DIRECTIONS[int(flow["direction"])],
        state=texts[0],
        history=texts[1],
        packets_out=int(orig["packets"]),
        packets_in=int(resp["packets"]),
        bytes_out=int(orig["bytes"]),
        bytes_in=int(resp["bytes"]),
        payload_out=int(orig["payload"]),
        payload_in=int(resp["payload"]),
        ip_bytes_out=int(orig["ip_bytes"]),
        ip_bytes_in=int(resp["ip_bytes"]),
        flags_out=int(orig["flags"]),
        flags_in=int(resp["flags"]),
        rtt_ms=rtt_us / 1e3 if flow["syn_rtt_us"] else None,
        retrans=int(orig["retrans"]) + int(resp["retrans"]),
        gaps=int(orig["gaps"]) + int(resp["gaps"]),
        size_mean=size[0],
        size_var=size[1],
        size_min=int(flow["size_min"]) if packets else 0,
        size_max=int(flow["size_max"]),
        iat_mean=gaps[0],
        iat_var=gaps[1],
        iat_min=int(flow["iat_min_us"]) / 1e6,
        iat_max=int(flow["iat_max_us"]) / 1e6,
        src_country=country_label(source),
        dst_country=country_label(target),
        src_asn=source.asn,
        src_org=source.org,
        dst_asn=target.asn,
        dst_org=target.org,
        src_mac=format_mac(int(flow["orig_mac"])),
        dst_mac=format_mac(int(flow["resp_mac"])),
        vlan=int(flow["vlan"]),
        interface=interface_name(batch.interfaces, int(flow["interface"])),
        tunnel=_TUNNELS[int(flow["tunnel"])],
        reason=_REASONS[int(flow["reason"])],
        partial=bool(bits & FLOW_PARTIAL),
        gso=bool(bits & FLOW_GSO),
        service=meta.service,
        name=meta.name,
        sni=meta.sni,
        alpn=meta.alpn,
        ja4=meta.ja4,
        dns_query=meta.dns_query,
        dns_type=meta.dns_type,
        dns_rcode=meta.dns_rcode,
        dns_answers=" ".join(meta.dns_answers),
        http_host=meta.http_host,
        user_agent=meta.user_agent,
        ssh_client=meta.ssh_client,
        ssh_server=meta.ssh_server,
        community_id=community_id(
            proto, source.packed, target.packed, int(orig["port"]), int(resp["port"])
        ),
    )


def interface_name(names: tuple[str, ...], index: int) -> str:
    """Return an interface's name; its number where the source has not said."""
    return names[index] if index < len(names) else str(index)


def moments(flow: Any) -> tuple[int, tuple[float, float], tuple[float, float]]:
    """Return frames, (mean, variance) of their sizes in bytes, of the gaps between them in s.

    Population variance, from the sums; frames that stood for several packets count as those.
    """
    packets = int(flow["orig"]["packets"]) + int(flow["resp"]["packets"])
    if packets == 0:
        return 0, (0.0, 0.0), (0.0, 0.0)
    total = int(flow["orig"]["bytes"]) + int(flow["resp"]["bytes"])
    mean = total / packets
    variance = max(float(flow["size_sumsq"]) / packets - mean * mean, 0.0)
    if packets == 1:
        return 1, (mean, variance), (0.0, 0.0)
    span = (int(flow["last_ns"]) - int(flow["first_ns"])) / 1e9
    gap = span / (packets - 1)
    return (
        packets,
        (mean, variance),
        (gap, max(float(flow["iat_sumsq"]) / (packets - 1) - gap * gap, 0.0)),
    )
