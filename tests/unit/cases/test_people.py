"""What people do to alerts: mute, acknowledge, close with a mark, reopen."""

import msgspec

from appliance.model.alert import AlertChange, Mute
from tests.support.signals import CLEAR, DAY, HOUR, NOON, casebook, signal, upload


def raised(changes: list[AlertChange]) -> AlertChange:
    (one,) = changes
    assert one.what == "raised"
    return one


def mute(**given: object) -> Mute:
    return msgspec.convert({"id": 1, "kind": "beacon", "peer": "203.0.113.7"} | given, Mute)


def test_a_mute_holds_back_and_counts() -> None:
    book = casebook()
    book.set_mutes([mute()])
    changes = book.take([signal()], CLEAR)
    assert [(c.what, c.alert.state, c.alert.muted_by) for c in changes] == [("muted", "muted", 1)]
    assert changes[0].incident is None
    assert book.take([signal(at_s=NOON + 60)], CLEAR) == []
    assert book.mutes()[0].used == 2
    assert book.statistics().open_alerts == 0


def test_muted_evidence_speaks_for_nothing_else() -> None:
    book = casebook()
    book.set_mutes([mute()])
    book.take([signal(weight=4.0)], CLEAR)
    assert book.take([upload(weight=2.0)], CLEAR) == []  # 3.6 with the beacon's help


def test_only_what_is_muted_is_muted() -> None:
    book = casebook()
    book.set_mutes([mute(port=443)])
    book.take([signal()], CLEAR)
    change = raised(book.take([signal(port=8443, at_s=NOON + 1)], CLEAR))
    assert [e.port for e in change.alert.evidence] == [8443]


def test_a_mute_silences_what_is_open_and_its_end_brings_it_back() -> None:
    book = casebook()
    alert = raised(book.take([signal()], CLEAR)).alert
    (muted,) = book.set_mutes([mute(expires=NOON + HOUR)])
    assert (muted.what, muted.alert.id) == ("muted", alert.id)
    assert muted.incident is not None
    assert muted.incident.state == "closed"
    back = book.tick(NOON + HOUR + 1)
    assert [(c.what, c.alert.id, c.alert.muted_by) for c in back] == [("raised", alert.id, 0)]


def test_people_close_and_reopen() -> None:
    book = casebook()
    alert = raised(book.take([signal()], CLEAR)).alert
    seen = book.acknowledge(alert.id, "ana", "looking")
    assert seen is not None
    assert (seen.alert.state, seen.alert.acknowledged_by) == ("acknowledged", "ana")
    done = book.close(alert.id, "ana", "false: the printer", NOON + 60)
    assert done is not None
    assert (done.what, done.alert.comment) == ("closed", "false: the printer")
    assert book.close(alert.id, "ana", "again", NOON + 60) is None
    assert book.acknowledge(alert.id, "ana", "again") is None
    assert book.take([signal(at_s=NOON + DAY, weight=3.0)], CLEAR) == []
    back = book.reopen(alert.id, "bo", "not so")
    assert back is not None
    assert back.alert.state == "open"
    assert book.reopen(alert.id, "bo", "not so") is None
    assert book.close("AXXXXXXXXXXXX", "ana", "", NOON) is None


def test_a_real_one_that_goes_on_comes_back() -> None:
    book = casebook()
    alert = raised(book.take([signal()], CLEAR)).alert
    book.close(alert.id, "ana", "real", NOON + 60)
    assert book.take([signal(at_s=NOON + HOUR)], CLEAR) == []
    assert raised(book.take([signal(at_s=NOON + 2 * HOUR)], CLEAR)).alert.id == alert.id
