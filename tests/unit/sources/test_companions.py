"""Logs beside conn.log: joined by uid, told in the order of time, bounded."""

from collections.abc import Iterator

from appliance.metadata.names import PassiveDns
from appliance.model.address import parse_address
from appliance.model.flow import FlowBatch
from appliance.model.meta import FlowMeta
from appliance.sources import companions as module
from appliance.sources.companions import Companion, Companions
from appliance.sources.entries import READERS
from appliance.sources.table import Table
from tests.support.flowbatches import batch, flow

T0_S = 1_000
SECOND = 1_000_000_000


class Rows:
    """Records from memory, `per_table` at a time."""

    set_separator = ","

    def __init__(self, rows: list[dict], per_table: int = 2) -> None:
        self._rows, self._step = rows, per_table
        self.damaged: dict[str, int] = {}
        self.read = 0

    def tables(self, size: int) -> Iterator[Table]:
        for start in range(0, len(self._rows), self._step):
            rows = self._rows[start : start + self._step]
            names = {name for row in rows for name in row}
            self.read += len(rows)
            yield Table({name: [row.get(name) for row in rows] for name in names}, len(rows))


def make(kind: str, rows: list[dict], **options) -> tuple[Companions, Rows]:
    records = Rows(rows)
    return Companions([Companion(records, READERS[kind][1])], options.get("names")), records


def tls(uid: str, at_s: float, name: str = "example.org") -> dict:
    return {"ts": at_s, "uid": uid, "server_name": name}


def flows(*uids: str, **fields) -> FlowBatch:
    made = batch([flow(**fields) for _ in uids])
    made.uids = list(uids)
    return made


def test_a_flow_gets_what_was_said_about_it() -> None:
    beside, _ = make("ssl", [tls("a", 1), tls("b", 2, "other.example")])
    beside.advance(5 * SECOND)
    some = flows("b", "x")
    beside.fill(some)
    assert some.meta[0] == FlowMeta(service="tls", sni="other.example", name="other.example")
    assert some.meta[1] is None
    assert beside.joined == 1


def test_what_the_log_of_connections_said_stays() -> None:
    beside, _ = make("ssl", [tls("a", 1)])
    beside.advance(5 * SECOND)
    some = flows("a")
    some.meta = [FlowMeta(service="quic")]
    beside.fill(some)
    assert some.meta[0] is not None
    assert (some.meta[0].service, some.meta[0].sni) == ("quic", "example.org")


def test_the_first_question_of_a_flow_is_its_name() -> None:
    rows = [
        {"ts": n, "uid": "a", "query": f"{n}.example", "answers": [f"203.0.113.{n}"]}
        for n in (1, 2)
    ]
    beside, _ = make("dns", rows)
    beside.advance(5 * SECOND)
    some = flows("a")
    beside.fill(some)
    assert some.meta[0] is not None
    assert some.meta[0].dns_query == "1.example"
    assert some.meta[0].dns_answers == ("203.0.113.1",)


def test_reading_stops_when_the_time_has_come() -> None:
    beside, records = make("ssl", [tls(str(n), n) for n in range(100)])
    beside.advance(10 * SECOND)
    assert records.read == 12
    beside.advance(10 * SECOND)
    assert records.read == 12
    assert beside.next_ns() == 11 * SECOND
    beside.advance(1_000 * SECOND)
    assert records.read == 100
    assert beside.next_ns() is None


def test_observations_come_in_order_and_once() -> None:
    ends = {"id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2"}
    rows = [{"ts": t, "query": f"{t}.x", **ends} for t in (1, 5, 3, 2, 9, 7)]
    beside, _ = make("dns", rows)
    beside.advance(100 * SECOND)
    told = [[int(seen.ts_ns / SECOND) for seen in beside.tell(t * SECOND).observations]
            for t in (4, 4, 100)]  # fmt: skip
    assert told == [[1, 2, 3], [], [5, 7, 9]]


def test_flows_that_never_come_are_given_up(monkeypatch) -> None:
    monkeypatch.setattr(module, "_MAX_PENDING", 10)
    beside, _ = make("ssl", [tls(str(n), n) for n in range(100)])
    beside.advance(1_000 * SECOND)
    assert beside.evicted == 90
    some = flows("5", "95")
    beside.fill(some)
    assert [meta is None for meta in some.meta] == [True, False]


def test_names_looked_up_before_are_those_of_later_flows() -> None:
    answer = {
        "ts": T0_S, "uid": "d", "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2",
        "query": "host.example", "rcode_name": "NOERROR", "answers": ["203.0.113.7"],
    }  # fmt: skip
    beside, _ = make("dns", [answer], names=PassiveDns(100))
    beside.advance((T0_S + 60) * SECOND)
    some = batch([flow("10.0.0.1", "203.0.113.7"), flow("10.0.0.1", "203.0.113.8")])
    beside.fill(some)
    assert some.meta[0] is not None
    assert some.meta[0].name == "host.example"
    assert some.meta[1] is None


def test_incomplete_records_are_counted() -> None:
    beside, records = make("ssl", [tls("a", 1), {"uid": "b"}])
    beside.advance(SECOND)
    assert records.damaged == {"incomplete": 1}


def test_keys_of_one_and_of_many_are_the_same() -> None:
    some = batch([flow("10.0.0.1"), flow("2001:db8::1")])
    assert module._keys(some.flows["orig"]).tolist() == [
        module._key(*parse_address(text)) for text in ("10.0.0.1", "2001:db8::1")
    ]
