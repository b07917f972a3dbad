from appliance.cases.mutes import (
    MAX_MUTES,
    Mutes,
    Subject,
    covers,
    describe_alert,
    describe_signal,
    preview_mute,
    propose_mutes,
)
from appliance.model.alert import Alert, Mute
from tests.support.signals import CLEAR, DAY, NOON, casebook, scan, signal

SUBJECT = Subject(
    "beacon", "192.168.1.5", frozenset({"aa:bb:cc:00:11:22", "cam"}), "203.0.113.7",
    "api.shop.example", 64_500, 443,
)  # fmt: skip


def alert(**given: object) -> Alert:
    fields = {
        "id": "A1", "ts": NOON, "first_seen": NOON, "last_seen": NOON, "kind": "beacon",
        "severity": "low", "confidence": 0.6, "host": "192.168.1.5", "peer": "203.0.113.7",
        "port": 443,
    }  # fmt: skip
    return Alert(**(fields | given))


def test_every_field_that_is_set_must_fit() -> None:
    fitting = {
        "host": ("192.168.1.5", "192.168.1.0/24"),
        "device": ("cam", "aa:bb:cc:00:11:22"),
        "kind": ("beacon", "beacon"),
        "peer": ("203.0.113.7", "203.0.113.0/24"),
        "peer_name": ("API.shop.example.", ".shop.example"),
        "asn": (64_500, 64_500),
        "port": (443, 443),
    }
    other = {
        "host": "10.0.0.0/8", "device": "tv", "kind": "port_scan", "peer": "2001:db8::/32",
        "peer_name": ".hop.example", "asn": 1, "port": 80,
    }  # fmt: skip
    for name, values in fitting.items():
        for value in values:
            assert covers(Mute(**{name: value}), SUBJECT), (name, value)
        assert not covers(Mute(**{name: other[name]}), SUBJECT), name
        assert not covers(Mute(**{"kind": "beacon", "port": 443} | {name: other[name]}), SUBJECT)
    assert covers(Mute(**{name: values[0] for name, values in fitting.items()}), SUBJECT)


def test_a_mute_of_nothing_covers_nothing() -> None:
    assert not covers(Mute(id=1, reason="oops"), SUBJECT)


def test_what_cannot_be_read_matches_nothing() -> None:
    assert not covers(Mute(host="192.168.1.5/99"), SUBJECT)
    assert not covers(Mute(peer="203.0.113.0/24"), SUBJECT._replace(peer="not an address"))
    assert not covers(Mute(peer="203.0.113.0/24"), SUBJECT._replace(peer=""))


def test_the_sensor_is_never_muted() -> None:
    assert not covers(Mute(host="192.168.1.5"), SUBJECT._replace(kind="sensor_blind"))
    assert propose_mutes(alert(kind="sensor_blind"), asn=0, now_s=NOON, who="ana") == ()


def test_the_habits_of_one_contact_are_one_to_people() -> None:
    called = SUBJECT._replace(kind="call_home")
    assert covers(Mute(kind="beacon", peer="203.0.113.7"), called)
    assert not covers(Mute(kind="beacon", device="cam"), called)
    assert not covers(Mute(kind="beacon", peer="203.0.113.7"), SUBJECT._replace(kind="flood"))


def test_mutes_expire_and_count() -> None:
    mutes = Mutes([Mute(id=2, kind="beacon"), Mute(id=1, kind="beacon", expires=NOON)])
    assert mutes.find(SUBJECT, NOON - 1) == 1
    assert mutes.find(SUBJECT, NOON) == 2
    mutes.count(2)
    assert mutes.expire(NOON)
    assert not mutes.expire(NOON)
    assert [(m.id, m.used) for m in mutes.snapshot()] == [(2, 1)]
    mutes.replace([Mute(id=2, kind="beacon", port=443)])  # edited; its count stays
    assert [(m.port, m.used) for m in mutes.snapshot()] == [(443, 1)]
    assert mutes.find(SUBJECT._replace(kind="dga"), NOON) == 0


def test_mutes_are_bounded() -> None:
    mutes = Mutes(Mute(id=n, port=1) for n in range(MAX_MUTES + 5))
    assert len(mutes) == MAX_MUTES
    assert mutes.refused == 5


def test_a_signal_is_described_with_all_its_names() -> None:
    subject = describe_signal(signal(peer_name="c2.example"), "aa:bb", "cam")
    assert subject.device == {"aa:bb", "cam"}
    assert (subject.host, subject.peer, subject.port) == ("192.168.1.5", "203.0.113.7", 443)
    assert describe_signal(scan(peer=None), "192.168.1.5", "").device == {"192.168.1.5"}


def test_the_narrowest_mute_comes_first() -> None:
    named = propose_mutes(
        alert(device="cam", peer_name="c2.example"), asn=64_500, now_s=NOON, who="ana"
    )
    assert [(m.device, m.host, m.peer_name, m.peer, m.asn, m.port) for m in named] == [
        ("cam", "", "c2.example", "", 0, 443),
        ("cam", "", "", "", 64_500, 443),
        ("cam", "", "c2.example", "", 0, 0),
        ("cam", "", "", "", 0, 0),
    ]
    assert {m.expires for m in named} == {NOON + 30 * DAY}
    assert {m.kind for m in named} == {"beacon"}
    bare = propose_mutes(alert(), asn=0, now_s=NOON, who="ana")
    assert [(m.host, m.peer, m.port) for m in bare] == [
        ("192.168.1.5", "203.0.113.7", 443),
        ("192.168.1.5", "203.0.113.7", 0),
        ("192.168.1.5", "", 0),
    ]
    sweep = propose_mutes(alert(kind="host_sweep", port=445), asn=0, now_s=NOON, who="ana")
    assert [(m.peer, m.port) for m in sweep] == [("", 445), ("", 0)]


def test_every_proposal_silences_the_alert_it_is_for() -> None:
    for one in (alert(), alert(peer_name="c2.example"), alert(kind="port_scan", peer="", port=0)):
        for mute in propose_mutes(one, asn=64_500, now_s=NOON, who="ana"):
            assert covers(mute, describe_alert(one, 64_500))


def test_the_first_proposal_holds_when_the_evidence_comes_again() -> None:
    book = casebook()
    (change,) = book.take([signal(peer_name="c2.example")], CLEAR)
    mute = propose_mutes(change.alert, asn=0, now_s=NOON, who="ana")[0]
    assert [c.what for c in book.set_mutes([mute])] == []  # without a number it holds nothing back
    numbered = Mute(**{name: getattr(mute, name) for name in mute.__struct_fields__} | {"id": 7})
    assert [c.what for c in book.set_mutes([numbered])] == ["muted"]


def test_a_preview_counts_what_would_have_been_silent() -> None:
    past = [
        alert(id="A1", ts=1.0),
        alert(id="A2", ts=3.0, severity="high", state="closed", comment="real: infected"),
        alert(id="A3", ts=2.0, state="closed", comment="False."),
        alert(id="A4", host="192.168.1.6"),
    ]
    seen = preview_mute(Mute(kind="beacon", host="192.168.1.5"), past)
    assert (seen.matched, seen.real) == (3, 1)
    assert seen.by_severity == {"low": 2, "high": 1}
    assert seen.alerts == ("A2", "A3", "A1")
    by_owner = Mute(asn=64_500)
    assert preview_mute(by_owner, past).matched == 0
    assert preview_mute(by_owner, past, lambda _: 64_500).matched == 4
