"""The rollup against sums over the flows, one at a time."""

import apsw
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.store import rollup as module
from appliance.store.rollup import (
    BUCKET_US,
    Rollup,
    Shares,
    find_places,
    last_covered,
    read_hosts,
    read_parts,
    read_spans,
)
from appliance.store.schema import SEGMENT, migrate

flows = st.lists(
    st.tuples(
        st.integers(1, 3 * BUCKET_US // 2),  # gap to the flow before
        st.integers(0, 10**6),  # lag
        st.integers(1, 6),  # src
        st.integers(1, 6),  # dst
        st.integers(0, 10**9),
        st.integers(0, 10**9),
        st.integers(0, 1),  # counted before
        st.integers(0, 9),  # meta
    ),
    min_size=1,
    max_size=30,
)


def shares_of(rows):
    table = np.array(rows, np.int64)
    ids = np.cumsum(table[:, 0]) + BUCKET_US
    return Shares(ids, ids - table[:, 1], *table[:, 2:].T)


def oracle(shares):
    """Sums by (bucket, addr) and by bucket, flow by flow."""
    hosts, spans = {}, {}
    for row in zip(*[column.tolist() for column in shares], strict=True):
        number, end, src, dst, sent, received, count, meta = row
        bucket = number // BUCKET_US
        ends = ((src, count, sent, received, 0), (dst, count * (src != dst), received, sent, meta))
        for addr, more, out, back, name in ends:
            host = hosts.setdefault((bucket, addr), [0, 0, 0, number, number, 0])
            host[0] += more
            host[1] += out
            host[2] += back
            host[4] = number
            host[5] = max(host[5], 0 if name % 2 else name)
        span = spans.setdefault(bucket, [0, 0, number, number, end])
        span[0] += count
        span[1] += sent + received
        span[3] = number
        span[4] = min(span[4], end)
    return hosts, spans


def contents(parts):
    hosts, spans = {}, {}
    for part in parts:
        span, first = part.span, part.span.first_id
        kept = spans.setdefault(span.bucket, [0, 0, span.first_id, span.last_id, span.min_end])
        kept[0] += span.flows
        kept[1] += span.bytes
        kept[2] = min(kept[2], span.first_id)
        kept[3] = max(kept[3], span.last_id)
        kept[4] = min(kept[4], span.min_end)
        assert np.all(np.diff(part.addr.astype(np.int64)) > 0)
        for addr, sums in zip(part.addr.tolist(), part.sums, strict=True):
            row = [int(sums[name]) for name in ("flows", "bytes_out", "bytes_in")]
            row += [int(sums["first"]) + first, int(sums["last"]) + first, int(sums["meta"])]
            host = hosts.setdefault((span.bucket, addr), [0, 0, 0, row[3], row[4], 0])
            for index in range(3):
                host[index] += row[index]
            host[3] = min(host[3], row[3])
            host[4] = max(host[4], row[4])
            host[5] = max(host[5], row[5])
    return hosts, spans


def segment():
    connection = apsw.Connection(":memory:")
    migrate(connection, SEGMENT, "test.db")
    return connection


@given(flows, st.integers(0, 30))
def test_sums_are_those_of_the_flows(rows, cut):
    shares = shares_of(rows)
    rollup = Rollup(0)
    for part in (Shares(*[c[:cut] for c in shares]), Shares(*[c[cut:] for c in shares])):
        if len(part.id):
            rollup.add(part)
    open_part = rollup.snapshot().part
    assert contents([*rollup.closed, open_part]) == oracle(shares)


def test_a_flow_to_oneself_counts_once():
    rollup = Rollup(0)
    rollup.add(shares_of([(1, 0, 3, 3, 10, 20, 1, 0)]))
    part = rollup.snapshot().part
    assert part.sums["flows"].tolist() == [1]
    assert part.sums["bytes_out"].tolist() == part.sums["bytes_in"].tolist() == [30]


@given(flows, st.sampled_from([1, 3, 1_000]))
def test_what_is_written_is_read_back(monkeypatch_limits, rows, most):
    shares = shares_of(rows)
    with monkeypatch_limits(most):
        rollup = Rollup(0)
        for index in range(len(shares.id)):
            rollup.add(Shares(*[column[index : index + 1] for column in shares]))
        rollup.close_part()
    connection = segment()
    assert last_covered(connection) < 0
    rollup.insert(connection)
    parts = list(read_parts(connection, 0, 1 << 40))
    whole = Rollup(0)
    whole.add(shares)
    whole.close_part()
    assert contents(parts) == contents(whole.closed)
    assert last_covered(connection) == rollup.after_id == int(shares.id[-1])
    assert read_spans(connection) == [part.span for part in parts[::-1]]
    ids = np.array([2, 5], np.uint32)
    some = {key: host for key, host in contents(parts)[0].items() if key[1] in {2, 5}}
    assert contents(read_hosts(connection, ids, 0, 1 << 40))[0] == some
    connection.close()


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_places_are_where_the_addresses_are(present, wanted):
    addr = np.array(sorted(present), np.uint32)
    part = module.Part(module.Span(0, 0, 0, 0, 0, 0), addr, np.zeros(len(addr), module.SUMS_DTYPE))
    places = find_places(part, np.array(sorted(wanted), np.uint32))
    assert addr[places].tolist() == sorted(present & wanted)


def test_nothing_is_open_at_first():
    assert Rollup(7).snapshot() == (7, None)


def test_a_snapshot_does_not_change():
    rollup = Rollup(0)
    rollup.add(shares_of([(1, 0, 1, 2, 10, 20, 1, 0)]))
    before = rollup.snapshot()
    copy = contents([before.part])
    rollup.add(Shares(*[c + 1 for c in shares_of([(1, 0, 1, 2, 10, 20, 1, 0)])]))
    assert contents([before.part]) == copy


def test_many_hosts_are_written_early(monkeypatch):
    """A sweep of a whole network must not grow memory: parts of one bucket."""
    monkeypatch.setattr(module, "MAX_HOSTS", 100)
    rollup = Rollup(0)
    for start in range(1, 1_000, 50):
        rows = [(1, 0, 1, start + index, 1, 1, 1, 0) for index in range(50)]
        shares = shares_of(rows)
        rollup.add(shares._replace(id=shares.id + start, end=shares.end + start))
        part = rollup.snapshot().part
        assert part is None or len(part.addr) <= 151
    assert len(rollup.closed) > 5
    rollup.close_part()
    hosts, _ = contents(rollup.closed)
    assert hosts[1, 1][0] == 1_000
