"""Scans of ports: many of one target, of a block of targets, odd protocols, odd first packets."""

from math import log2

from msgspec.structs import replace

from appliance.detect.fanview import (
    DAY_S,
    FanView,
    distinct,
    name_peers,
    say_few,
    say_span,
    windows_exceeded,
)
from appliance.detect.weights import Weights
from appliance.model.alert import Family, Signal, Term
from appliance.model.names import protocol_name

_TRACEROUTE = range(33_434, 34_000)  # UDP, one port more for each probe of each hop
_PSH, _ACK = 8, 16


def scan_signal(view: FanView, weights: Weights, rule: str, terms: list[Term]) -> Signal:
    """Return what all scans have in common: the scanner as host, its limit, the terms' sum."""
    fan = weights.fanout
    return Signal(
        ts_s=view.times_s[-1],
        first_s=view.first_s,
        last_s=max(view.last_s, view.times_s[-1]),
        rule=rule,
        kind="port_scan",
        family=Family.FANOUT,
        host=view.source,
        peer=view.target or (view.examples[0].address if view.examples else None),
        port=view.port,
        proto=view.proto,
        weight=sum(term.weight for term in terms),
        terms=tuple(terms),
        count=view.items,
        limit=99.0 if view.source.local else fan.outsider_limit,
        half_life_s=fan.half_life_s,
        inside=view.source.local,
    )


def grow(ratio: float, weights: Weights) -> float:
    """Return what a count of `ratio` times its limit adds."""
    fan = weights.fanout
    return min(fan.per_doubling * log2(max(ratio, 1.0)), fan.most)


def vertical_scan(view: FanView, weights: Weights) -> Signal | None:
    """Judge the ports of one target that were tried in vain. Fan.PORTS."""
    limit = weights.vertical_scan
    ratio, window_s = windows_exceeded(
        view,
        (
            (300.0, limit.ports_300_s),
            (3_600.0, limit.ports_3600_s),
            (DAY_S, limit.ports_day),
        ),
    )
    if ratio < 1 or view.probe_share < limit.probe_share or _is_traceroute(view):
        return None
    ports = [item.port for item in view.examples]
    answered = f", {view.alive} of them answered" if view.alive else ", none was open"
    sentence = (
        f"tried {view.items} ports of {view.target.ip if view.target else '?'} "
        f"in {say_span(view.span_s)}{answered} ({say_few(ports, view.items)})"
    )
    terms = [
        Term("scan", weights.fanout.base, f"{view.items} ports of one target"),
        Term("many", grow(ratio, weights), f"{ratio:.1f} times the limit of {say_span(-window_s)}"),
    ]
    return replace(scan_signal(view, weights, "vertical_scan", terms), sentence=sentence)


def block_scan(view: FanView, weights: Weights) -> Signal | None:
    """Judge pairs of target and port tried in vain. Fan.BLOCK.

    Hosts and ports are counted among the first items. A swarm's peers have a port and a network
    each; a block has several of both.
    """
    limit = weights.block_scan
    hosts = distinct([item.address.ip for item in view.examples])
    ports = distinct([item.port for item in view.examples])
    probes = view.within(300.0)
    # A scanner may begin with one port of all, or with all ports of one.
    whole = len(hosts) >= limit.hosts and len(ports) >= limit.ports
    partly = len(hosts) >= 2 and len(ports) >= 2 and len(hosts) + len(ports) >= limit.hosts + 2
    wide = whole or (partly and view.items >= 2 * limit.probes)
    if probes < limit.probes or view.probe_share < limit.probe_share or not wide:
        return None
    if view.per_net < limit.dense:
        return None
    sentence = (
        f"tried {view.items} ports of several machines in {say_span(view.span_s)}, "
        f"{view.alive} answered ({say_few(hosts[:4], 0)}; ports {say_few(ports, 0)} ...)"
    )
    terms = [Term("block", limit.weight, f"{probes} pairs of machine and port in 300 s")]
    signal = scan_signal(view, weights, "block_scan", terms)
    return replace(signal, sentence=sentence, peers=name_peers(view, signal.peer))


def protocol_scan(view: FanView, weights: Weights) -> Signal | None:
    """Judge the IP protocols tried at one target. Fan.PROTOCOLS."""
    limit = weights.protocol_scan
    if view.items < limit.protocols:
        return None
    names = [protocol_name(item.port) for item in view.examples]
    sentence = (
        f"tried {view.items} IP protocols at {view.target.ip if view.target else '?'} "
        f"in {say_span(view.span_s)} ({say_few(names, view.items)})"
    )
    terms = [Term("protocols", limit.weight, f"{view.items} IP protocols")]
    return replace(scan_signal(view, weights, "protocol_scan", terms), sentence=sentence)


def stealth_scan(view: FanView, weights: Weights) -> Signal | None:
    """Judge first packets without SYN: NULL, FIN, XMAS, bare ACK. Fan.STEALTH."""
    limit = weights.stealth_scan
    if view.items < limit.probes:
        return None
    if view.flags & ~_PSH == _ACK and (
        view.within(300.0) < limit.acks or view.per_net < limit.acks_dense
    ):
        return None
    hosts = distinct([item.address.ip for item in view.examples])
    ports = distinct([item.port for item in view.examples])
    sentence = (
        f"sent {view.items} first packets with {_say_flags(view.flags)} instead of SYN "
        f"to {say_few(hosts[:4], len(hosts))} in {say_span(view.span_s)} "
        f"(ports {say_few(ports, 0)})"
    )
    terms = [
        Term("stealth", limit.weight, f"flags seen: {_say_flags(view.flags)}"),
        Term("many", min(view.items * limit.per_probe, limit.most), f"{view.items} probes"),
    ]
    return replace(
        scan_signal(view, weights, "stealth_scan", terms),
        sentence=sentence,
        peers=tuple(hosts[1:5]),
        solo_limit=limit.few_solo if view.items < limit.few else 99.0,
    )


def _is_traceroute(view: FanView) -> bool:
    return view.proto in {0, 17} and all(item.port in _TRACEROUTE for item in view.examples)


def _say_flags(flags: int) -> str:
    names = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
    return "+".join(name for bit, name in enumerate(names) if flags >> bit & 1) or "no flags"
