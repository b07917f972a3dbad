"""Call-home that fails again and again: a program that has lost its server keeps trying."""

from math import log2

from appliance.detect.pair import TCP, Pair
from appliance.detect.portkinds import SILENT, is_odd
from appliance.detect.tally import Tally, clip, say_end, say_time, say_who
from appliance.detect.weights_pairs import RetryWeights
from appliance.model.alert import Family, Signal
from appliance.model.contact import CONTACT_OPEN, MARK_VENDOR
from appliance.model.flow import Direction

DAY_S = 86_400.0


def judge_retries(pair: Pair, known_service: bool, w: RetryWeights) -> Signal | None:
    """Return a signal if ours tries one peer over TCP again and again and mostly fails."""
    contact = pair.contact
    if contact.proto != TCP or contact.direction == Direction.INBOUND or contact.port in SILENT:
        return None
    a_day = contact.contacts / max(1.0, (contact.last_s - contact.first_s) / DAY_S)
    if a_day < w.contacts or pair.failed_share < w.failed_share:
        return None
    if contact.last_s - contact.first_s < w.least_s:
        return None
    tally = Tally()
    tally.add("retries", w.base, f"{contact.failed} of {contact.contacts} tries failed")
    more = w.per_doubling * log2(a_day / w.contacts)
    tally.add("often", min(w.most_doublings, more), f"{contact.contacts} tries")
    if is_odd(pair):
        tally.add("port", w.odd_port, f"port {contact.port} is unusual")
    else:
        tally.add("port", w.usual_port, f"port {contact.port} is usual")
    if max(pair.around.users, pair.around.net_users) <= 1:
        tally.add("rare", w.rare, say_who(1))
    else:
        tally.add("shared", w.shared, say_who(pair.around.users))
    if pair.around.siblings:
        tally.add("sibling", w.siblings, "other addresses of its network are tried too")
    if known_service:
        tally.add("name", w.known_name, f"{pair.name} is a known service")
    elif pair.peer.marks & MARK_VENDOR:
        tally.add("owner", w.vendor, f"run by {pair.peer.org or 'a big vendor'}")
    if pair.known_days > 0:
        tally.add("habit", w.habit_known, "the same on an earlier day")
    local = contact.direction == Direction.LOCAL
    return tally.signal(
        pair,
        "c2_retry" if contact.bits & CONTACT_OPEN else "dead_peer",
        "call_home",
        Family.FAILURE,
        sentence=_describe(pair),
        limit=w.local_limit if local else 99.0,
        solo_limit=99.0 if contact.failed >= w.sure_tries else w.unsure_limit,
        per_peer=True,
    )


def _describe(pair: Pair) -> str:
    contact = pair.contact
    span = say_time(clip(contact.last_s - contact.first_s, 0.0, 1e9))
    text = (
        f"tried {say_end(pair)} {contact.contacts} times in {span}, {contact.failed} of them failed"
    )
    return f"{text}; {say_who(pair.around.users)}"
