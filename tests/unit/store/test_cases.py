"""Alerts, incidents, mutes and memory: written soon, nothing lost, found by what they say."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.schema import Alerts, Store
from appliance.errors import StoreError
from appliance.model.alert import SEVERITIES, Alert, AlertChange, AlertState, Incident, Mute
from appliance.model.memory import Habit
from appliance.model.views import AlertFilter
from appliance.store import caseload, cases
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import T0_S, batch, flow

DAY = 86_400
KINDS = ("beacon", "port_scan", "flood")


def alert(number=1, **fields):
    defaults = {
        "id": f"A{number:012}",
        "ts": T0_S + number,
        "first_seen": T0_S + number - 60,
        "last_seen": T0_S + number,
        "kind": "beacon",
        "severity": "low",
        "confidence": 0.9,
        "host": "192.168.1.20",
    }
    return Alert(**defaults | fields)


def raised(*alerts):
    return [AlertChange(what="raised", alert=one) for one in alerts]


def incident(number=1001, **fields):
    return Incident(
        id=f"INC-{number}", title="nas: beacon", severity="high", score=4.0, host="192.168.1.20",
        first_seen=T0_S, last_seen=T0_S + 60, kinds=("beacon", "flood"), **fields,
    )  # fmt: skip


def test_what_is_written_comes_back_whole(bench):
    writer = bench.writer()
    one = alert(peers=("a", "b"), state="acknowledged", incident="INC-1001")
    writer.write_alerts([AlertChange(what="raised", alert=one, incident=incident())])
    writer.write_mutes([Mute(id=3, host="10.0.0.0/8", expires=T0_S)])
    writer.write_habits([Habit("contact", b"\x00k", b"v", T0_S)])
    writer.write_state("learning", b"\x00\x01")
    writer.flush()
    reader = bench.reader(writer)
    assert reader.cases.alert(one.id) == one
    assert reader.cases.incident("INC-1001") == incident()
    assert reader.cases.mutes() == [Mute(id=3, host="10.0.0.0/8", expires=T0_S)]
    found = writer.load_open()
    assert (found.alerts, found.incidents) == ([one], [incident()])
    assert (found.last_incident, found.last_mute) == (1001, 3)
    assert writer.load_habits() == [Habit("contact", b"\x00k", b"v", T0_S)]
    assert writer.load_state("learning") == b"\x00\x01"
    assert writer.load_state("other") is None
    assert (reader.cases.alert("A9"), reader.cases.incident("INC-9")) == (None, None)


def test_an_alert_is_on_disk_within_a_second_of_being_raised(bench):
    writer = bench.writer(commit_s=300)
    reader = bench.reader(writer)
    writer.tick(T0_S)
    for step in range(1, 40):
        now_s = T0_S + step * 0.1
        writer.write_alerts(raised(alert(step)))
        writer.tick(now_s)
        known = reader.cases.alerts(AlertFilter(limit=100)).count
        assert known > step - 10, step
    assert writer.statistics().commits == 0  # flows wait for their time


def test_alerts_do_not_wait_when_the_clock_is_set_back(bench):
    writer = bench.writer(commit_s=5)
    reader = bench.reader(writer)
    for number, now_s in enumerate((T0_S, T0_S + 0.3, T0_S - 9_999, T0_S - 9_998.5, T0_S + 1)):
        writer.write_alerts(raised(alert(number)))
        writer.tick(now_s)
    assert reader.cases.alerts(AlertFilter()).count == 5


def test_the_last_of_several_changes_is_kept_and_the_place_in_the_list_stays(bench):
    writer = bench.writer()
    first, second = alert(1), alert(2)
    writer.write_alerts(raised(first, second))
    first.severity = "critical"  # its owner goes on; what was taken is not touched
    writer.flush()
    reader = bench.reader(writer)
    assert reader.cases.alert(first.id).severity == "low"
    for count in (10, 100):
        first.count = count
        writer.write_alerts([AlertChange(what="recurring", alert=first)])
    writer.flush()
    found = reader.cases.alerts(AlertFilter()).data
    assert [(one.id, one.count) for one in found] == [(second.id, 1), (first.id, 100)]
    assert writer.statistics().alerts == 3


def test_closed_things_are_not_under_way(bench):
    writer = bench.writer()
    for number, state in enumerate(AlertState):
        change = AlertChange(
            what="raised",
            alert=alert(number, state=state.value),
            incident=incident(1001 + number, state=state.value),
        )
        writer.write_alerts([change])
    writer.flush()
    found = writer.load_open()
    assert [one.state for one in found.alerts] == ["open", "acknowledged", "muted"]
    assert [one.state for one in found.incidents] == ["open", "acknowledged", "muted"]
    assert found.last_incident == 1004


def test_the_newest_are_loaded_if_there_are_too_many(bench, monkeypatch):
    monkeypatch.setattr(caseload, "MAX_LOADED", 3)
    writer = bench.writer()
    writer.write_alerts(raised(*[alert(number) for number in range(5)]))
    writer.flush()
    assert [one.ts - T0_S for one in writer.load_open().alerts] == [2, 3, 4]


def test_a_mute_is_changed_and_lifted_and_its_id_is_not_given_again(bench):
    writer = bench.writer()
    writer.write_mutes([Mute(id=1, port=22), Mute(id=2, port=23)])
    writer.flush()
    writer.write_mutes([Mute(id=1, port=22, used=7)], removed=[2, 99])
    writer.flush()
    found = writer.load_open()
    assert found.mutes == [Mute(id=1, port=22, used=7)]
    assert found.last_mute == 2


FIELDS = st.fixed_dictionaries(
    {
        "ts": st.integers(0, 50).map(lambda s: float(T0_S + s)),
        "kind": st.sampled_from(KINDS),
        "severity": st.sampled_from([str(level) for level in SEVERITIES]),
        "state": st.sampled_from([str(state) for state in AlertState]),
        "host": st.sampled_from(["10.0.0.1", "10.0.1.1", "2001:db8::1", ""]),
        "device": st.sampled_from(["", "nas-2", "TV"]),
        "incident": st.sampled_from(["", "INC-1001"]),
        "summary": st.sampled_from(["tried 100% of it", "a_b", "Said Hello"]),
    }
)
CHECKS = {
    "since": lambda v, one: one.last_seen >= v,
    "until": lambda v, one: one.ts < v,
    "kind": lambda v, one: one.kind == v,
    "severity": lambda v, one: SEVERITIES.index(one.severity) >= SEVERITIES.index(v),
    "state": lambda v, one: one.state == v,
    "host": lambda v, one: one.host == v or (v == "10.0.0.0/23" and one.host.startswith("10.")),
    "device": lambda v, one: one.device.lower() == v.lower(),
    "incident": lambda v, one: one.incident == v,
    "text": lambda v, one: v.lower() in one.summary.lower(),
}
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "since": st.floats(T0_S - 5, T0_S + 60),
        "until": st.floats(T0_S - 5, T0_S + 60),
        "kind": st.sampled_from(KINDS),
        "severity": st.sampled_from([str(level) for level in SEVERITIES]),
        "state": st.sampled_from([str(state) for state in AlertState]),
        "host": st.sampled_from(["10.0.0.1", "10.0.0.0/23", "2001:db8::1", "192.0.2.1"]),
        "device": st.sampled_from(["NAS-2", "tv"]),
        "incident": st.sampled_from(["INC-1001", "INC-2"]),
        "text": st.sampled_from(["100%", "a_b", "%", "_", "hello", "nothing of it"]),
    },
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases") / "store"
    writer = StoreWriter(folder, Store())
    reader = StoreReader(folder)
    yield writer, reader, []
    reader.close()
    writer.close()


@given(st.lists(FIELDS, max_size=8), FILTERS, st.integers(1, 9))
def test_filters_find_what_a_loop_finds_page_by_page(stored, made, chosen, limit):
    writer, reader, known = stored
    for fields in made:
        known.append(alert(len(known), **fields, last_seen=fields["ts"] + 5))
    writer.write_alerts(raised(*known[len(known) - len(made) :]))
    writer.flush()
    expected = [one for one in known if all(CHECKS[k](v, one) for k, v in chosen.items())][::-1]
    found, cursor = [], ""
    for _ in range(len(known) + 1):
        page = reader.cases.alerts(AlertFilter(**chosen, limit=limit, cursor=cursor))
        assert page.count == len(page.data) <= limit
        found += page.data
        cursor = page.next
        if not cursor:
            break
    assert found == expected


def test_counts_are_those_of_a_loop(bench):
    writer = bench.writer()
    writer.write_alerts(
        raised(*[alert(n, ts=T0_S + 700 * n, kind=KINDS[n % 2], severity="high") for n in range(8)])
    )
    writer.flush()
    reader = bench.reader(writer)
    found = reader.cases.counts(T0_S + 700, T0_S + 7 * 700, 3_600)
    assert [(one.t - T0_S, one.kind, one.severity, one.count) for one in found] == [
        (0, "beacon", "high", 2), (0, "port_scan", "high", 3), (3_600, "beacon", "high", 1),
    ]  # fmt: skip
    opened = reader.cases.open(3)
    assert opened.counts == {"info": 0, "low": 0, "medium": 0, "high": 8, "critical": 0}
    assert [one.id for one in opened.newest] == [f"A{n:012}" for n in (7, 6, 5)]


def test_incidents_are_found_by_what_they_are_about(bench):
    writer = bench.writer()
    for number in range(1001, 1004):
        writer.write_incidents([incident(number, device=f"box{number}")])
    writer.flush()
    find = bench.reader(writer).cases.incidents
    assert [one.id for one in find(AlertFilter()).data] == ["INC-1003", "INC-1002", "INC-1001"]
    assert find(AlertFilter(kind="flood", severity="high", device="BOX1002")).count == 1
    assert find(AlertFilter(text="inc-1003")).count == 1
    assert find(AlertFilter(kind="port_scan")).count == 0
    assert find(AlertFilter(since=T0_S + 61)).count == 0
    page = find(AlertFilter(limit=2))
    assert (page.count, find(AlertFilter(limit=2, cursor=page.next)).data[0].id) == (2, "INC-1001")


@pytest.mark.parametrize(
    ("fields", "quoted"),
    [
        ({"kind": "nonsense"}, "nonsense"),
        ({"severity": "huge"}, "huge"),
        ({"state": "gone"}, "gone"),
        ({"host": "10.0.0.300"}, "10.0.0.300"),
        ({"host": "10.0.0.0/33"}, "10.0.0.0/33"),
        ({"cursor": "x"}, "'x'"),
        ({"cursor": "-1"}, "'-1'"),
        ({"cursor": "9" * 30}, "9" * 30),
        ({"text": "a\0b"}, "NUL"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(bench, fields, quoted):
    writer = bench.writer()
    reader = bench.reader(writer)
    with pytest.raises(ValueError, match=quoted):
        reader.cases.alerts(AlertFilter(**fields))


def test_what_waits_is_bounded_and_what_is_refused_is_counted(bench, monkeypatch):
    monkeypatch.setattr(cases, "MAX_WAITING", 3)
    monkeypatch.setattr(cases, "MAX_HABITS", 2)
    writer = bench.writer()
    writer.write_alerts(raised(*[alert(number) for number in range(5)]))
    writer.write_alerts(raised(alert(1, count=9)))  # known: it takes no more room
    writer.write_habits([Habit("k", bytes([n]), b"", n) for n in range(4)])
    writer.write_mutes([Mute(id=n, port=n) for n in range(1, 6)])
    assert writer.statistics().refused == 2 + 2 + 2
    writer.flush()
    assert [one.count for one in writer.load_open().alerts] == [1, 9, 1]
    assert len(writer.load_habits()) == 2


def test_retention_takes_what_is_old_and_habits_beyond_their_number(tmp_path, monkeypatch):
    monkeypatch.setattr(caseload, "MAX_HABITS", 3)
    writer = StoreWriter(tmp_path, Store(), Alerts(retain_days=10))
    old, new = T0_S - 11 * DAY, T0_S - 9 * DAY
    for number, seen in ((1, old), (2, new)):
        one = AlertChange(
            what="raised",
            alert=alert(number, ts=old, last_seen=seen),
            incident=msgspec.structs.replace(incident(1000 + number), last_seen=seen),
        )
        writer.write_alerts([one])
    writer.write_mutes([Mute(id=1, expires=old), Mute(id=2, expires=new), Mute(id=3)])
    writer.write_habits([Habit("k", bytes([n]), b"", T0_S - n) for n in range(6)])
    writer.write_habits([Habit("k", b"old", b"", old)])
    writer.flush()
    writer.tick(T0_S)
    writer.tick(T0_S + 10)
    found = writer.load_open()
    assert [one.id for one in found.alerts] == ["A000000000002"]
    assert [one.id for one in found.incidents] == ["INC-1002"]
    assert [one.id for one in found.mutes] == [2, 3]
    assert sorted(habit.key for habit in writer.load_habits()) == [b"\0", b"\1", b"\2"]
    rows = writer._main.connection.execute("SELECT count(*) FROM alert_body").get
    assert rows == 1
    writer.close()


def test_a_body_that_cannot_be_read_is_left_out(bench):
    writer = bench.writer()
    writer.write_alerts(raised(alert(1), alert(2)))
    writer.flush()
    writer._main.connection.execute("UPDATE alert_body SET body = '{' WHERE number = 1")
    reader = bench.reader(writer)
    assert [one.id for one in writer.load_open().alerts] == [alert(2).id]
    assert reader.cases.alerts(AlertFilter()).count == 1
    assert reader.cases.alert(alert(1).id) is None


def spoil(path):
    """Overwrite the end of a database, where the pages written last are."""
    raw = path.read_bytes()
    path.write_bytes(raw[:-12_288] + b"\xee" * 12_288)


def fill(writer):
    writer.write_alerts(raised(*[alert(number, summary="x" * 2_000) for number in range(20)]))
    writer.write_mutes([Mute(id=5, port=22)])
    writer.write_state("learning", b"until noon")
    writer.flush()
    # the last pages of the file are full of what may be lost
    writer.write_habits([Habit("k", bytes([n]) * 64, b"v" * 200, T0_S) for n in range(200)])
    writer.flush()
    writer._main.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def test_mutes_and_alerts_outlive_a_damaged_file_at_start(bench):
    writer = bench.writer()
    fill(writer)
    bench.close(writer)
    spoil(bench.path / "main.db")
    writer = bench.writer()
    assert writer.statistics().damaged == ("main.db.damaged-1",)
    found = writer.load_open()
    assert found.mutes == [Mute(id=5, port=22)]
    assert found.last_mute == 5
    assert len(found.alerts) == 20
    assert writer.load_state("learning") == b"until noon"
    assert len(writer.load_habits()) < 200


def test_nothing_that_waits_is_lost_when_the_file_is_damaged_while_running(bench):
    writer = bench.writer()
    fill(writer)
    connection = writer._main.connection
    path = bench.path / "main.db"
    path.write_bytes(path.read_bytes()[:4_096] + b"\xee" * (path.stat().st_size - 4_096))
    connection.pragma("shrink_memory")
    writer.write_alerts(raised(alert(77)))
    writer.write_mutes([Mute(id=6, port=23)])
    writer.flush()
    writer.flush()
    assert writer.statistics().damaged == ("main.db.damaged-1",)
    found = writer.load_open()
    assert [one.id for one in found.alerts][-1] == alert(77).id
    assert found.mutes[-1] == Mute(id=6, port=23)


def test_a_file_that_cannot_be_read_is_said(bench):
    writer = bench.writer()
    writer._main.connection.execute("DROP TABLE mute")
    with pytest.raises(StoreError, match=r"main\.db cannot be read"):
        writer.load_open()


def test_flows_are_stored_beside_alerts(bench):
    writer = bench.writer()
    writer.write(batch([flow()]))
    writer.write_alerts(raised(alert()))
    writer.tick(T0_S)
    writer.tick(T0_S + 6)
    assert writer.statistics().flows == 1
