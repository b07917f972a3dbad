"""Fingerprints computed from a list of flows, slowly: the definitions of model/window.py."""

import math
import statistics
from collections import Counter, defaultdict
from typing import NamedTuple

from appliance.model.contact import (
    FLOW_ANSWERED,
    FLOW_FAILED,
    FLOW_GROUP,
    FLOW_PROBE,
    FLOW_REPLY,
    FLOW_UPDATE,
    MARK_COUNTRY,
    MARK_LOCAL,
    MARK_VENDOR,
)

INBOUND, LOCAL = 2, 3
CALLED = {53, 67, 69, 123, 137, 138, 161, 162, 427, 514, 1900, 3478, 3702, 5351, 5353, 5355}
ADMIN = {22, 135, 139, 445, 3389, 5985, 5986}
LOGIN = {21, 22, 23, 110, 143, 1433, 2222, 2323, 3306, 3389, 5432, 5900, 5901}


class Said(NamedTuple):
    """A flow as the oracle sees it."""

    start_s: int
    duration_s: float
    orig: int  # address, IPv4
    resp: int
    port: int  # responder's
    orig_port: int
    proto: int
    direction: int
    classes: int
    contact: int
    out: int
    into: int
    wire: int
    packets: int
    novel: int
    marks: int


def fingerprint(host: int, flows: list[Said], scores: dict[int, float], odd: set[int]) -> dict:
    """Return the features of a host in one window that come from flows.

    flows : all flows of the window; scores : of contacts, by row; odd : ports that are odd
    """
    own = [f for f in flows if f.orig == host and f.direction != INBOUND]
    served = [f for f in flows if f.resp == host and f.direction in {INBOUND, LOCAL}]
    served = [f for f in served if not f.classes & (FLOW_UPDATE | FLOW_GROUP)]
    return {
        **_classic(own),
        **_tried(own),
        **_outside(own, flows, host, scores, odd),
        **_dns(own, served),
        "flows_in": len(served),
        "icmp": math.log1p(sum(f.out + f.into for f in own if _is_echo(f)) / 1000),
    }


def _begun(flows: list[Said]) -> list[Said]:
    return [f for f in flows if not f.classes & FLOW_UPDATE]


def _is_echo(flow: Said) -> bool:
    return flow.proto == 1 and flow.orig_port == 8


def _failed(flow: Said) -> bool:
    return bool(flow.classes & FLOW_FAILED) and not flow.classes & FLOW_REPLY


def _classic(own: list[Said]) -> dict:
    begun = _begun(own)
    ports = Counter(f.port for f in begun)
    count = len(begun)
    countries = {"local" if f.marks & MARK_LOCAL else f.marks & MARK_COUNTRY for f in begun}
    return {
        "unique_dest_ips": len({f.resp for f in begun}),
        "unique_dest_ports": len(ports),
        "port_entropy": -sum(c / count * math.log(c / count) for c in ports.values()),
        "country_frequency": len(countries) / count if count else 0.0,
        "flow_duration_variance": statistics.pvariance(f.duration_s for f in begun)
        if count
        else 0.0,
        "total_outbound_bytes": sum(f.wire for f in begun)
        + sum(f.out for f in own if f.classes & FLOW_UPDATE),
        "total_flows": count,
        "failed": sum(map(_failed, begun)),
    }


def _most(counts: Counter) -> float:
    return math.log1p(max(counts.values(), default=0))


def _tried(own: list[Said]) -> dict:
    own = [f for f in own if not f.classes & FLOW_GROUP]
    failed = [f for f in _begun(own) if _failed(f)]
    counted = [f for f in failed if f.proto != 17 or f.port not in CALLED]
    answered = {f.contact for f in own if f.classes & FLOW_ANSWERED}
    silent = {(f.resp, f.port, f.proto) for f in failed if f.contact not in answered}
    probed = {
        (f.resp, f.port, f.proto)
        for f in own
        if _is_echo(f) or (f.classes & FLOW_PROBE and not f.classes & (FLOW_REPLY | FLOW_UPDATE))
    }
    admin = {f.resp for f in own if f.direction == LOCAL and f.proto == 6 and f.port in ADMIN}
    logins = Counter(
        f.contact for f in own if f.classes & FLOW_ANSWERED and f.proto == 6 and f.port in LOGIN
    )
    return {
        "failed_peer": _most(Counter((f.resp, f.port, f.proto) for f in counted)),
        "ports_of_one": _most(Counter(r for r, _, proto in silent if proto in {6, 17})),
        "sweep": _most(Counter((port, proto) for _, port, proto in probed)),
        "admin": math.log1p(len(admin)),
        "logins": _most(logins),
        "inside_peers": len({f.resp for f in own if f.direction == LOCAL}),
    }


def _outside(
    own: list[Said], flows: list[Said], host: int, scores: dict[int, float], odd: set[int]
) -> dict:
    outside = [f for f in own if f.direction != LOCAL and not f.classes & FLOW_GROUP]
    peers = {f.resp for f in outside}
    latest = {f.contact: f for f in outside}  # rarity is what was said last
    rare_rows = {row for row, f in latest.items() if f.novel & 4 and not f.marks & MARK_VENDOR}
    rare = [f for f in outside if f.contact in rare_rows]
    tcp = [f for f in rare if f.proto == 6]
    out, into = sum(f.out for f in rare), sum(f.into for f in rare)
    to_odd = [f for f in tcp if f.port in odd and f.port < 49_152]
    by_row: dict[int, int] = defaultdict(int)
    for f in to_odd:
        by_row[f.contact] += not f.classes & FLOW_UPDATE
    asked = [f for f in flows if f.resp == host and f.direction == INBOUND]
    used = {f.contact for f in own if not f.classes & FLOW_GROUP}
    return {
        "regular": max([scores.get(row, 0.0) for row in used] + [0.0]),
        "burst": _most(Counter(f.contact for f in _begun(tcp))),
        "rare_odd": math.log1p(sum(max(count, 1) for count in by_row.values())),
        "out_ratio": max(math.log((out + 2000) / (into + 2000)), 0.0),
        "out_volume": math.log1p(out / 1e5) if out > 2 * into else 0.0,
        "new_peers": len({f.resp for f in outside if f.novel & 1}) / (len(peers) + 5),
        "new_to_all": len({f.resp for f in outside if f.novel & 2}) / (len(peers) + 5),
        "outside_peers": len(peers),
        "outside_out_bytes": sum(f.out for f in outside) + sum(f.into for f in asked),
        "outside_in_bytes": sum(f.into for f in outside) + sum(f.out for f in asked),
    }


def _dns(own: list[Said], served: list[Said]) -> dict:
    questions = sum(max(f.packets, 1) for f in _begun(own) if f.port == 53 and f.proto == 17)
    questions += sum(f.proto == 6 and f.port in {53, 853} for f in _begun(own))
    answered = sum(f.port == 53 and bool(f.classes & FLOW_ANSWERED) for f in served)
    return {
        "dns_questions": questions,
        "dns": math.log1p(questions) if questions > 4 * answered else 0.0,
    }
