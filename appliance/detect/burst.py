"""Many equal sessions with one outside peer in a short time: a reconnect for each command."""

from math import log2

from appliance.detect.pair import Pair
from appliance.detect.portkinds import SILENT, is_odd
from appliance.detect.tally import Tally, say_bytes, say_end, say_who
from appliance.detect.weights_pairs import BurstWeights
from appliance.model.alert import Family, Signal
from appliance.model.contact import MARK_VENDOR

WINDOW_S = 600.0


def count_recent(pair: Pair, window_s: float) -> float:
    """Return the sessions within a window, stretched where the ring holds less than that."""
    rhythm = pair.rhythm
    if rhythm.ring_s >= window_s or pair.contact.contacts <= rhythm.used:
        return float(rhythm.recent_600 if window_s > 300 else rhythm.recent_300)
    rate = rhythm.used / max(rhythm.ring_s, 1.0)
    return min(float(pair.contact.contacts), max(float(rhythm.used), rate * window_s))


def judge_burst(pair: Pair, known_service: bool, w: BurstWeights) -> Signal | None:
    """Return a signal if ours opens very many sessions to one outside peer that mostly succeed."""
    contact = pair.contact
    if not pair.outbound or contact.port in SILENT or contact.answered * 2 < contact.contacts:
        return None
    sessions = count_recent(pair, WINDOW_S)
    if sessions < w.sessions:
        return None
    tally = Tally()
    tally.add("burst", w.base, f"{sessions:.0f} sessions in 10 min")
    more = w.per_doubling * log2(sessions / w.sessions)
    tally.add("often", min(w.most_doublings, more), f"{sessions:.0f} sessions")
    equal = pair.rhythm.equal
    if equal > w.very_equal_share:
        tally.add("equal", w.very_equal, f"{equal:.0%} of the requests are of one size")
    if is_odd(pair) and not pair.service:
        tally.add("port", w.odd_port, f"something unknown on the unusual port {contact.port}")
    if max(pair.around.users, pair.around.net_users) <= 1:
        tally.add("rare", w.rare, say_who(1))
    else:
        tally.add("shared", w.shared, say_who(pair.around.users))
    if known_service:
        tally.add("name", w.known_name, f"{pair.name} is a known service")
    elif pair.peer.marks & MARK_VENDOR:
        tally.add("owner", w.vendor, f"run by {pair.peer.org or 'a big vendor'}")
    text = f"{sessions:.0f} sessions with {say_end(pair)} in 10 min"
    if equal > w.equal_share:
        text += f", {equal:.0%} of them with about {say_bytes(pair.rhythm.out)}"
    return tally.signal(
        pair,
        "burst",
        "beacon",
        Family.RATE,
        sentence=f"{text}; {say_who(pair.around.users)}",
        limit=99.0 if equal > w.equal_share else w.unequal_limit,
        per_peer=True,
        half_life_s=7_200.0,
    )
