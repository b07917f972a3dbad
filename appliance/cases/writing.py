"""How an alert is written from the evidence of its case."""

from hashlib import blake2b

from appliance.cases.advice import write_advice
from appliance.cases.evidence import Held
from appliance.cases.kinds import describe
from appliance.cases.scoring import Judgement, find_confidence
from appliance.cases.summary import (
    MAX_NAME,
    clean,
    name_host,
    name_port,
    name_span,
    write_summary,
)
from appliance.model.alert import TECHNIQUES, Alert, Evidence, Family
from appliance.model.names import protocol_name

MAX_EVIDENCE = 12
MAX_PEERS = 4  # further ends an alert names

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no letter that looks like a digit

# What a family of evidence is about, in words that fit "...; unusual ports and regularity agree".
_WORDS: dict[Family, str] = {
    Family.FANOUT: "many targets tried",
    Family.RATE: "a burst of contacts",
    Family.FAILURE: "contacts that kept failing",
    Family.BEACON: "regular contacts",
    Family.PORT: "an unusual service",
    Family.VOLUME: "much data sent",
    Family.AUTH: "failed logins",
    Family.DNS: "unusual DNS questions",
    Family.TUNNEL: "hidden data",
    Family.LATERAL: "remote access to other hosts",
    Family.IDENTITY: "a change of identity",
    Family.INTEL: "a listed address",
    Family.MODEL: "an unusual day for this host",
    Family.SENSOR: "the sensor's own state",
}


def write_id(sensor: str, device: str, key: tuple[str, str], first_s: float) -> str:
    """Return "A" and 12 letters and digits that the same evidence gives in every replay."""
    text = "\0".join((sensor, device, *key, f"{first_s:.6f}"))
    number = int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    letters = [_ALPHABET[number >> shift & 31] for shift in range(0, 60, 5)]
    return "A" + "".join(letters)


def count_evidence(own: list[Held]) -> int:
    """Return how often the evidence came: over the peers of a rule, of the busiest rule."""
    by_rule: dict[str, int] = {}
    for held in own:
        by_rule[held.signal.rule] = by_rule.get(held.signal.rule, 0) + held.count
    return max(by_rule.values(), default=1)


def write_alert(alert: Alert, judged: Judgement, own: list[Held], device_name: str) -> None:
    """Bring everything an alert says up to date with the judgement of its evidence.

    own : the pieces of the case itself, at least the one that names it
    """
    main = judged.main
    assert main is not None
    now_s = max(held.last_s for held in own)
    ranked = sorted(own, key=lambda held: (held is not main, -held.weigh(now_s), held.place))
    _write_ends(alert, main, ranked)
    alert.device = clean(device_name, MAX_NAME)
    alert.first_seen = min(held.first_s for held in own)
    alert.last_seen = now_s
    alert.count = max(alert.count, count_evidence(own))
    alert.score = max(alert.score, round(judged.score, 2))
    alert.confidence = max(alert.confidence, _find_confidence(main, judged))
    alert.evidence = [_show(held, now_s) for held in [*ranked, *judged.agreeing][:MAX_EVIDENCE]]
    _write_words(alert, main, ranked, judged)


def _write_ends(alert: Alert, main: Held, ranked: list[Held]) -> None:
    signal, peer = main.signal, main.signal.peer
    alert.kind = signal.kind
    alert.host = signal.host.ip
    alert.peer = peer.ip if peer else ""
    alert.peer_name = clean(_find_name(main, ranked), MAX_NAME)
    alert.peer_org = clean(peer.org, MAX_NAME) if peer else ""
    alert.peer_country = peer.country if peer else ""
    further = [held.signal.peer.ip for held in ranked if held.signal.peer is not None]
    further += [clean(text, MAX_NAME) for held in ranked for text in held.signal.peers]
    others = (end for end in dict.fromkeys(further) if end != alert.peer)
    alert.peers = tuple(end for end, _ in zip(others, range(MAX_PEERS), strict=False))
    alert.port = signal.port
    alert.proto = protocol_name(signal.proto) if signal.proto else ""
    alert.technique, alert.technique_name = TECHNIQUES.get(signal.kind, ("", ""))


def _find_name(main: Held, ranked: list[Held]) -> str:
    """Return the best name of the main piece's peer: its own, or another piece's."""
    peer = main.signal.peer
    names = (h.signal.peer_name for h in ranked if h.signal.peer is peer and h.signal.peer_name)
    return main.signal.peer_name or next(names, "")


def _write_words(alert: Alert, main: Held, ranked: list[Held], judged: Judgement) -> None:
    kinds = dict.fromkeys([main.signal.kind, *(held.signal.kind for held in ranked)])
    titles = [describe(kind).title for kind in list(kinds)[:3]]
    alert.title = ", ".join([titles[0], *(title.lower() for title in titles[1:])])
    who, peer = name_host(alert.host, alert.device), name_host(alert.peer, alert.peer_name)
    port = name_port(alert.port, main.signal.proto)
    ends = f"{peer}, port {port}" if peer and alert.port else peer
    families = dict.fromkeys(held.signal.family for held in judged.agreeing)
    alert.summary = write_summary(
        who,
        main.signal.sentence,
        ends,
        name_span(main.first_s, main.last_s),
        tuple(_WORDS[family] for family in families),
    )
    alert.advice = write_advice(alert.kind, who, peer, inside=main.signal.inside)


def _find_confidence(main: Held, judged: Judgement) -> float:
    if describe(main.signal.kind).severity is not None:
        return round(main.signal.confidence, 2)
    return find_confidence(judged.score)


def _show(held: Held, now_s: float) -> Evidence:
    signal, peer = held.signal, held.signal.peer
    return Evidence(
        rule=signal.rule,
        family=signal.family.value,
        ts=held.last_s,
        weight=round(held.weigh(now_s), 2),
        sentence=clean(signal.sentence),
        peer=peer.ip if peer else "",
        peer_name=clean(signal.peer_name, MAX_NAME),
        port=signal.port,
        proto=protocol_name(signal.proto) if signal.proto else "",
        count=held.count,
        terms=signal.terms,
    )
