"""Something unknown, spoken with an outside peer on a port that clients hardly go to."""

from appliance.detect.pair import TCP, Pair
from appliance.detect.portkinds import EPHEMERAL, is_odd
from appliance.detect.tally import Tally, say_bytes, say_end, say_time, say_who
from appliance.detect.weights_pairs import OddServiceWeights
from appliance.model.alert import Family, Signal
from appliance.model.contact import MARK_VENDOR


def judge_service(pair: Pair, known_service: bool, w: OddServiceWeights) -> Signal | None:
    """Return a signal if ours talks with an outside peer in a protocol nobody here knows."""
    contact = pair.contact
    if not _is_strange(pair) or (contact.answered < w.sessions and contact.longest_s <= w.long_s):
        return None
    tally = Tally()
    tally.add("odd", w.base, f"something unknown on the unusual port {contact.port}")
    if contact.out > contact.in_:
        sizes = f"{say_bytes(contact.out)} sent, {say_bytes(contact.in_)} received"
        tally.add("upload", w.upload, f"more is sent than received: {sizes}")
        if contact.out > max(w.lopsided_bytes, w.lopsided_times * contact.in_):
            tally.add("lopsided", w.lopsided, "hardly anything comes back")
    if contact.longest_s > w.very_long_s:
        tally.add("long", w.very_long, f"a session of {say_time(contact.longest_s)}")
    _add_company(tally, pair, known_service, w)
    if tally.weight <= 0:
        return None
    sentence = (
        f"{contact.answered} sessions with {say_end(pair)} in an unknown protocol, the longest "
        f"{say_time(contact.longest_s)}; {say_bytes(contact.out)} sent, "
        f"{say_bytes(contact.in_)} received; {say_who(pair.around.users)}"
    )
    return tally.signal(
        pair, "odd_service", "odd_service", Family.PORT, sentence=sentence, per_peer=True
    )


def _is_strange(pair: Pair) -> bool:
    contact = pair.contact
    answered = pair.outbound and contact.proto == TCP and contact.answered > 0
    return answered and not pair.service and is_odd(pair) and contact.port < EPHEMERAL


def _add_company(tally: Tally, pair: Pair, known_service: bool, w: OddServiceWeights) -> None:
    if max(pair.around.users, pair.around.net_users) <= 1:
        tally.add("rare", w.rare, say_who(1))
    else:
        tally.add("shared", w.shared, say_who(pair.around.users))
    if pair.around.odd >= w.many_peers:
        tally.add("many", w.many, f"so with {pair.around.odd} other peers: games, calls or sharing")
    if known_service:
        tally.add("name", w.known_name, f"{pair.name} is a known service")
    elif pair.peer.marks & MARK_VENDOR:
        tally.add("owner", w.vendor, f"run by {pair.peer.org or 'a big vendor'}")
    if pair.known_days > 0:
        tally.add("habit", w.habit_known, "the same on an earlier day")
