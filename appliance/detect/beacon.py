"""Regular contact with an outside peer: the score S of a pair, term by term.

Regularity is the ticket to enter; what ranks the pairs is the company they keep: port, rarity,
other addresses of the same service, owner, name, habit, and what kind of device the host is.
"""

from appliance.detect.pair import TCP, UDP, Pair, Rhythm
from appliance.detect.portkinds import PUSH, SILENT, is_clear_web, is_odd
from appliance.detect.tally import Tally, clip, say_bytes, say_end, say_time, say_who
from appliance.detect.weights_pairs import BeaconWeights
from appliance.model.alert import Family, Signal
from appliance.model.contact import MARK_CLOUD, MARK_VENDOR
from appliance.model.flow import Direction

NOT_REGULAR = -9.0
_MARKS = frozenset({"jitter", "dead", "new"})


def judge_beacon(pair: Pair, known_service: bool, w: BeaconWeights) -> tuple[float, Signal | None]:
    """Return the score S of a regular pair that crosses the border, and a signal if it is enough.

    known_service : the peer's name is that of a known update, push, time or telemetry service
    """
    tally = Tally()
    _add_rhythm(tally, pair, w)
    _add_port(tally, pair, w)
    if pair.contact.direction == Direction.INBOUND:
        _add_inbound(tally, pair, w)
    else:
        _add_failures(tally, pair, w)
        _add_company(tally, pair, w)
        _add_owner(tally, pair, known_service, w)
    before = tally.weight
    _add_habit(tally, pair, w)
    score = tally.weight
    listed = before >= w.keep  # a habit quiets; it does not hide
    if score < w.keep and not listed:
        return score, None
    return score, _make_signal(tally, pair, known_service, w)


def _make_signal(tally: Tally, pair: Pair, known_service: bool, w: BeaconWeights) -> Signal:
    tally.weight = max(tally.weight, w.keep)
    marks = sum(term.name in _MARKS for term in tally.terms)
    marks += any(term.name == "port" and term.weight >= w.strong_port for term in tally.terms)
    quiet = known_service and not marks
    limit = w.listed if quiet else w.capped if marks + 1 < w.marks else 99.0
    solo = w.listed if quiet else w.capped if marks < w.marks else 99.0
    return tally.signal(
        pair,
        "beacon",
        "beacon",
        Family.BEACON,
        sentence=describe_beacon(pair),
        limit=limit,
        solo_limit=solo,
        per_peer=True,
    )


def describe_beacon(pair: Pair) -> str:
    """Say what is regular, with numbers."""
    rhythm = pair.rhythm
    end = say_end(pair)
    text = f"{pair.contact.contacts} contacts with {end}, one every {say_time(rhythm.median)}"
    if pair.contact.direction == Direction.INBOUND:
        text = f"{pair.contact.contacts} visits of {end}, one every {say_time(rhythm.median)}"
    text += f" (±{say_time(rhythm.mad)})"
    if rhythm.out > 0 and rhythm.equal >= 0.5:
        text += f", {say_bytes(rhythm.out)} each"
    if pair.failed_share > 0.3:
        text += f", {pair.failed_share:.0%} of them failed"
    if pair.outbound:
        text += f"; {say_who(pair.around.users)}"
    return text


def _add_rhythm(tally: Tally, pair: Pair, w: BeaconWeights) -> None:
    rhythm = pair.rhythm
    spread = say_time(rhythm.mad)
    tally.add(
        "timing",
        w.timing * rhythm.timed,
        f"one every {say_time(rhythm.median)}, half of them within {spread} of that",
    )
    if rhythm.out > 0:
        part = clip((rhythm.ds - w.size_from) / (1 - w.size_from)) if w.size_from < 1 else 0.0
        tally.add("size", w.size * part, f"requests of {say_bytes(rhythm.out)}, nearly equal")
    if rhythm.span > w.cover_span_s and pair.host_hours:
        cover = (pair.contact.hours & pair.host_hours).bit_count() / pair.host_hours.bit_count()
        tally.add(
            "cover", w.cover * clip((cover - 0.4) / 0.5), f"in {cover:.0%} of the host's hours"
        )
    _add_jitter(tally, rhythm, w)
    if rhythm.off_grid < w.round_off and rhythm.mad < w.round_mad * rhythm.median:
        tally.add("round", w.round, f"a plain timer of {say_time(rhythm.median)}")
    if pair.contact.proto == UDP:
        tally.add("udp", w.udp, "UDP")
    if rhythm.duration > w.persistent_share * rhythm.median and pair.contact.answered:
        tally.add(
            "persistent", w.persistent, f"sessions last {say_time(rhythm.duration)}, as push does"
        )
    if rhythm.in_ > w.heavy_bytes:
        tally.add("heavy", w.heavy, f"answers of {say_bytes(rhythm.in_)}")
    elif rhythm.out > w.heavy_out_bytes:
        tally.add("heavy", w.heavy, f"requests of {say_bytes(rhythm.out)}")
    elif rhythm.out < w.light_out_bytes and rhythm.in_ < w.light_in_bytes:
        tally.add("light", w.light, "little is said each time")


def _add_jitter(tally: Tally, rhythm: Rhythm, w: BeaconWeights) -> None:
    """Intervals drawn from a range are made so on purpose; a flat distribution gives it away."""
    if rhythm.n - 1 < w.jitter_n or rhythm.jitter_share <= w.jitter_share:
        return
    if not w.jitter_mad_from <= rhythm.jitter_mad <= w.jitter_mad_to:
        return
    text = f"the interval varies by {rhythm.jitter_mad:.0%}, evenly, as if drawn by lot"
    if 0 < rhythm.jitter_kurtosis < w.jitter_kurtosis_flat:
        tally.add("jitter", w.jitter_flat, text)
    elif 0 < rhythm.jitter_kurtosis < w.jitter_kurtosis_some:
        tally.add("spread", w.jitter_some, text)


def _add_port(tally: Tally, pair: Pair, w: BeaconWeights) -> None:
    contact = pair.contact
    where = f"port {contact.port}"
    if contact.port in SILENT:
        tally.add("port", w.port_silent, f"{where} is asked regularly by nature")
    elif is_odd(pair):
        if contact.direction == Direction.INBOUND:
            return
        if contact.proto == UDP:
            tally.add("port", w.port_odd_udp, f"{where}/UDP is unusual")
        elif pair.service:
            tally.add("port", w.port_odd_known, f"{pair.service} on the unusual {where}")
        else:
            tally.add("port", w.port_odd, f"something unknown on the unusual {where}")
    elif is_clear_web(pair):
        tally.add("port", w.port_http, "HTTP in clear text")
    elif contact.port in PUSH:
        tally.add("port", w.port_push, f"{where} is polled by design (mail, push)")
    else:
        tally.add("port", w.port_usual, f"{where} is usual")


def _add_inbound(tally: Tally, pair: Pair, w: BeaconWeights) -> None:
    tally.add("inbound", w.inbound, "the other end comes to us")
    if not pair.contact.answered:
        tally.add("unanswered", w.inbound_silent, "and gets no answer")
    if pair.failed_share >= w.failing_share:
        tally.add("refused", w.inbound_failing, "refused again and again: a scanner")


def _add_failures(tally: Tally, pair: Pair, w: BeaconWeights) -> None:
    if pair.contact.proto != TCP:
        return
    share = pair.failed_share
    if share >= w.dead_share:
        tally.add("dead", w.dead, f"{share:.0%} of the tries fail")
    elif share > w.failing_share:
        tally.add("failing", w.failing, f"{share:.0%} of the tries fail")


def _add_company(tally: Tally, pair: Pair, w: BeaconWeights) -> None:
    around = pair.around
    users = max(1, around.users, around.net_users)
    if users == 1:
        seen = pair.hosts_in_view >= w.view_hosts
        tally.add("rare", w.rare if seen else w.rare_small_view, say_who(1))
    elif users >= max(w.common_hosts, w.common_share * pair.hosts_in_view):
        tally.add("common", w.common, f"{users} devices here use its network")
    else:
        tally.add("shared", w.shared, f"{users} devices here use its network")
    _add_siblings(tally, pair, w)
    if around.clones:
        weight = w.clones_two if around.clones > 1 else w.clones_one
        tally.add("clone", weight, f"the same exchange with {around.clones} other addresses")
    if around.peers and around.regular:
        weight = min(w.device_most, w.device_per_share * around.regular / around.peers)
        text = f"{around.regular} of its {around.peers} contacts are regular: a device's habit"
        tally.add("device", -weight, text)
    if pair.contact.first_s - pair.host_first_s > w.late_s and _still_runs(pair):
        after = say_time(pair.contact.first_s - pair.host_first_s)
        tally.add("late", w.late, f"began {after} after the device was first seen")


def _add_siblings(tally: Tally, pair: Pair, w: BeaconWeights) -> None:
    near, wide = pair.around.siblings, pair.around.wide_siblings
    if near:
        weight = w.siblings_net if near > 1 else w.siblings_net_two
        tally.add("sibling", weight, f"uses {near + 1} addresses of that network")
    elif wide:
        weight = w.siblings_wide if wide > 1 else w.siblings_wide_two
        tally.add("sibling", weight, f"uses {wide + 1} addresses of that provider")
    else:
        tally.add("sibling", w.siblings_none, "a single address")


def _still_runs(pair: Pair) -> bool:
    return pair.now_s - pair.contact.last_s <= 3 * max(pair.rhythm.median, 60.0)


def _add_owner(tally: Tally, pair: Pair, known_service: bool, w: BeaconWeights) -> None:
    marks = pair.peer.marks
    if known_service:
        tally.add("name", w.known_name, f"{pair.name} is a service that devices poll")
    elif marks & MARK_VENDOR and marks & MARK_CLOUD:
        tally.add("owner", w.mixed, f"{pair.peer.org or 'its owner'}: own services and rented ones")
    elif marks & MARK_VENDOR:
        tally.add("owner", w.vendor, f"run by {pair.peer.org or 'a big vendor'}")
    elif marks & MARK_CLOUD:
        tally.add("owner", w.cloud, f"rented from {pair.peer.org or 'a hoster'}")


def _add_habit(tally: Tally, pair: Pair, w: BeaconWeights) -> None:
    if pair.known_days > 0:
        days = "an earlier day" if pair.known_days == 1 else f"{pair.known_days} earlier days"
        tally.add("habit", w.habit_known, f"the same on {days}")
    elif pair.known_days == 0:
        tally.add("new", w.habit_new, "not seen on earlier days")
