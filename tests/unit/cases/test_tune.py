from appliance.cases.tune import compare, write_tune
from appliance.model.alert import Alert


def alert(name: str, **given: object) -> Alert:
    fields = {
        "id": name, "ts": 1.0, "first_seen": 0, "last_seen": 1, "kind": "port_scan",
        "severity": "low", "confidence": 0.6, "host": "192.168.1.5", "peer": "10.0.0.9",
    }  # fmt: skip
    return Alert(**(fields | given))


def test_what_vanishes_and_appears_is_named_and_weighed() -> None:
    before = [
        alert("A1"),
        alert("A2", host="192.168.1.6", state="closed", comment="real"),
        alert("A3", host="192.168.1.7", state="closed", comment="false"),
        alert("A4", host="192.168.1.8", severity="high"),
        alert("A5", host="192.168.1.9", state="muted"),
    ]
    after = [
        alert("B1", severity="high"),
        alert("B4", host="192.168.1.8"),
        alert("B6", host="192.168.1.10", kind="dga"),
    ]
    report = compare(before, after)
    assert (report.before, report.after, report.kept) == (4, 3, 2)
    assert (report.vanished, report.vanished_real, report.vanished_false) == (2, 1, 1)
    assert (report.louder, report.quieter) == (1, 1)
    assert report.vanished_by_kind == {"port_scan": 2}
    assert report.appeared_by_kind == {"dga": 1}
    assert [one.id for one in report.vanished_alerts] == ["A2", "A3"]
    assert [one.id for one in report.appeared_alerts] == ["B6"]
    assert write_tune(report) == (
        "2 fewer and 1 more of 4 alerts, 1 louder, 1 quieter;"
        " of those that vanish 1 were marked real and 1 false."
    )


def test_the_same_alerts_are_the_same_whatever_their_ids() -> None:
    before = [alert("A1"), alert("A2", ts=5.0), alert("A3", kind="beacon", peer_name="x.example")]
    after = [alert("B2", ts=4.0), alert("B1", ts=2.0)]
    after.append(alert("B3", kind="call_home", peer_name="x.example", peer="10.0.0.10"))
    report = compare(before, after)
    assert (report.kept, report.vanished, report.appeared) == (3, 0, 0)
    assert write_tune(compare([], [])) == "0 fewer and 0 more of 0 alerts, 0 louder, 0 quieter."
