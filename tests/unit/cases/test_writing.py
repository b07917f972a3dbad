from appliance.cases.evidence import Case, Device, Held, locate
from appliance.cases.scoring import add_up, rank_witnesses
from appliance.cases.writing import MAX_EVIDENCE, count_evidence, write_alert, write_id
from appliance.model.alert import Alert, Signal
from tests.support.signals import HOUR, NOON, address, odd, retry, scan, signal, upload

CASE = Case(Device("192.168.1.5", inside=True), ("contact", "203.0.113.7"))


def write(own: list[Signal], others: tuple[Signal, ...] = (), name: str = "") -> Alert:
    alert = Alert(
        id="A1", ts=NOON, first_seen=0, last_seen=0, kind="", severity="low", confidence=0, host=""
    )
    held = [Held(locate(one, 0), one, one.weight, CASE) for one in own]
    more = [Held(locate(one, 0), one, one.weight, CASE) for one in others]
    judged = add_up(held, rank_witnesses([*held, *more], NOON), NOON)
    write_alert(alert, judged, held, name)
    return alert


def test_ids_depend_on_what_happened_only() -> None:
    one = write_id("sensor", "192.168.1.5", ("port_scan", ""), NOON)
    assert one == write_id("sensor", "192.168.1.5", ("port_scan", ""), NOON)
    others = {
        write_id("other", "192.168.1.5", ("port_scan", ""), NOON),
        write_id("sensor", "192.168.1.6", ("port_scan", ""), NOON),
        write_id("sensor", "192.168.1.5", ("dga", ""), NOON),
        write_id("sensor", "192.168.1.5", ("port_scan", ""), NOON + 1),
    }
    assert len(others | {one}) == 5
    assert len(one) == 13
    assert one.isalnum()


def test_counts_add_up_over_peers_not_over_rules() -> None:
    held = [
        Held(locate(one, 0), one, 1.0, CASE)
        for one in (scan(count=5), scan(count=7, peer="10.0.0.10"), upload(count=9))
    ]
    assert count_evidence(held) == 12
    assert count_evidence([]) == 1


def test_the_strongest_names_it_and_the_others_are_shown() -> None:
    alert = write([signal(weight=2.0), retry(weight=2.6), odd(weight=1.0)], (upload(weight=2.0),))
    assert alert.kind == "call_home"
    assert alert.technique == "T1008"
    assert [e.rule for e in alert.evidence] == ["retry", "beacon", "odd_service", "exfiltration"]
    assert alert.title == "Calls that nobody answers, regular calls, unusual service"
    assert alert.summary.endswith("; much data sent agrees.")


def test_hostile_names_stay_on_their_line() -> None:
    alert = write(
        [signal(peer_name="evil\nPRIORITY=0\x1b[2J", peers=("10.0.0.1\n",))], name="a\x00b"
    )
    text = alert.summary + alert.peer_name + alert.device + "".join(alert.peers) + alert.advice
    assert text.isprintable()


def test_what_enrichment_knows_is_carried() -> None:
    peer = address("203.0.113.77")
    peer.org, peer.country, peer.asn = "Example Hosting", "NL", 64_500
    alert = write([signal(peer="203.0.113.77", sentence="called it 96 times")], name="cam")
    assert (alert.peer_org, alert.peer_country) == ("Example Hosting", "NL")
    assert alert.summary == (
        "cam (192.168.1.5) called it 96 times, with 203.0.113.77, port 443/tcp,"
        " from 11:50 to 12:00 UTC on 15 Nov 2023."
    )


def test_an_alert_shows_at_most_twelve_pieces_and_four_peers() -> None:
    alert = write([scan(peer=f"10.0.0.{n}", weight=3 + n / 100) for n in range(30)])
    assert len(alert.evidence) == MAX_EVIDENCE
    assert alert.peer == "10.0.0.29"
    assert alert.peers == ("10.0.0.28", "10.0.0.27", "10.0.0.26", "10.0.0.25")


def test_nothing_that_was_said_is_taken_back() -> None:
    alert = write([scan(weight=4.0, at_s=NOON - HOUR)])
    weaker = scan(weight=2.4)
    held = [Held(locate(weaker, 0), weaker, 2.4, CASE)]
    write_alert(alert, add_up(held, [], NOON), held, "")
    assert alert.score == 2.83  # 4.0, half a half-life ago
    assert alert.confidence == 0.66
