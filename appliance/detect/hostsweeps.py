"""Sweeps: one port, or echo, over many targets."""

from msgspec.structs import replace

from appliance.detect.fanview import (
    DAY_S,
    FanView,
    name_peers,
    say_few,
    say_service,
    say_span,
    windows_exceeded,
)
from appliance.detect.portscans import grow, scan_signal
from appliance.detect.weights import Weights
from appliance.model.alert import Family, Signal, Term

WEB_PORTS = frozenset({80, 443, 8080, 8443})
# Asked of everybody by printers' drivers, media players and name services; inside only.
_DISCOVERY = frozenset({67, 68, 137, 138, 161, 427, 1900, 3702, 5353, 5355, 10001, 15600})
# Many servers are asked in turn, and some never answer: a pool of clocks, ways through NAT.
_POOLS = frozenset({123, 3478, 3479, 19302})
# Services beyond the first 1,024 ports that worms and scanners look for.
_SOUGHT = frozenset(
    {
        1080, 1433, 1521, 2222, 2323, 2375, 3128, 3306, 3389, 4786, 5060, 5432, 5500, 5555, 5900,
        5985, 5986, 6379, 7547, 8000, 8080, 8081, 8291, 8443, 8728, 8888, 9200, 11211, 27017,
        37215, 52869, 60001,
    }
)  # fmt: skip


def horizontal_scan(view: FanView, weights: Weights) -> Signal | None:
    """Judge the targets of one port that never answered. Fan.TARGETS."""
    limit = weights.sweep
    share = view.dead / (view.dead + max(view.reached, 1))
    limits: tuple[tuple[float, float], ...] = (
        (300.0, limit.targets_300_s),
        (3_600.0, limit.targets_3600_s),
        (DAY_S, limit.targets_day),
    )
    if view.proto == 17 and view.port in _POOLS:
        limits = limits[:1]
    ratio, window_s = windows_exceeded(view, limits)
    ratio *= view.dead / view.items  # those that answered later are no evidence
    needed = limit.dead_share_web if view.port in WEB_PORTS else limit.dead_share
    dense = view.per_net >= limit.dense and share >= limit.dead_share_dense
    if ratio < 1 or not (share >= needed or dense) or _is_discovery(view):
        return None
    answered = f"{view.reached} answered" if view.reached else "none answered"
    sentence = (
        f"tried {say_service(view.port, view.proto)} of {view.dead} machines in vain "
        f"in {say_span(view.span_s)}, {answered} ({_say_targets(view)})"
    )
    terms = [
        Term("sweep", weights.fanout.base, f"{view.dead} targets that never answered"),
        Term("many", grow(ratio, weights), f"{ratio:.1f} times the limit of {say_span(-window_s)}"),
    ]
    signal = _sweep(view, weights, "horizontal_scan", terms, sentence)
    if _is_swarm(view):
        return replace(signal, solo_limit=weights.fanout.spread_solo)
    return signal


def web_fanout(view: FanView, weights: Weights) -> Signal | None:
    """Hint at many dead web hosts: a spam bot, but also an ad blocker. Fan.TARGETS."""
    limit = weights.web_fanout
    dead = view.within(300.0) * view.dead / view.items
    share = view.dead / (view.dead + max(view.reached, 1))
    if view.port not in WEB_PORTS or dead < limit.targets or share < limit.share:
        return None
    if all(item.address.local for item in view.examples):
        return None  # a look-out for devices that come and go
    sentence = (
        f"tried {dead:.0f} web hosts within 5 min that never answered, {share:.0%} of all "
        f"({_say_targets(view)})"
    )
    terms = [Term("web", limit.weight, f"{dead:.0f} dead web hosts in 300 s")]
    if share >= limit.mostly_share:
        terms.append(Term("mostly", limit.mostly, f"{share:.0%} of all"))
    signal = _sweep(view, weights, "web_fanout", terms, sentence)
    return replace(signal, family=Family.RATE)


def icmp_sweep(view: FanView, weights: Weights) -> Signal | None:
    """Judge echo to many targets; who pings what answers watches it. Fan.ECHO."""
    limit = weights.icmp_sweep
    count = view.within(300.0)
    if count < limit.hosts:
        return None
    terms = [Term("echo", limit.weight, f"{count} targets in 300 s")]
    if view.alive >= limit.alive_share * view.items:
        terms.append(Term("watched", limit.watched, f"{view.alive} of them answered"))
    sentence = (
        f"pinged {view.items} machines in {say_span(view.span_s)}, {view.alive} answered "
        f"({_say_targets(view)})"
    )
    return _sweep(view, weights, "icmp_sweep", terms, sentence)


def _sweep(view: FanView, weights: Weights, rule: str, terms: list[Term], sentence: str) -> Signal:
    signal = scan_signal(view, weights, rule, terms)
    return replace(
        signal, kind="host_sweep", sentence=sentence, peers=name_peers(view, signal.peer)
    )


def _say_targets(view: FanView) -> str:
    return say_few([item.address.ip for item in view.examples[:4]], view.items)


def _is_discovery(view: FanView) -> bool:
    inside = all(item.address.local for item in view.examples)
    return view.proto == 17 and view.port in _DISCOVERY and inside


def _is_swarm(view: FanView) -> bool:
    """Tell whether it may be a client of a swarm: thin over the Internet, a port of its own."""
    if view.per_net >= 2 or view.items < 8 or any(item.address.local for item in view.examples):
        return False
    if view.proto == 17:
        return view.port >= 1_024
    return view.port >= 1_024 and view.port not in _SOUGHT
