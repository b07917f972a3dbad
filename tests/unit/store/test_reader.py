"""Queries against the same thing done with lists, over two days and an open bucket."""

import ipaddress
from collections import Counter, defaultdict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.schema import Store
from appliance.errors import StoreError
from appliance.model.flow import Direction
from appliance.model.meta import FlowMeta
from appliance.model.views import FlowFilter
from appliance.store import flowquery, hostsums
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import T0_S, address, batch, flow, seconds

EVER = (0.0, 4e9)
DAY = 86_400
START_S = T0_S // DAY * DAY + DAY - 1_800  # half an hour before midnight
COUNT = 1_200
STEP_S = 3.7


def make_flow(number):
    """A flow like no other, but with fields that repeat in different rhythms."""
    countries = ("DE", "US", "", "FR")
    remote = number * 7 % 23
    dst = address(
        f"198.51.{remote % 3}.{remote}" if remote % 5 else f"2001:db8::{remote:x}",
        countries[remote % 4],
        asn=remote % 6,
        org=f"Org_{remote % 6}",
        city="Bonn" if remote == 3 else "",
    )
    src = address(f"192.168.{number % 2}.{number % 11}")
    ends = (dst, src) if number % 13 == 0 else (src, dst)
    proto = (6, 17, 1, 58, 132)[number % 5]
    meta = None
    if number % 3 and number % 13:
        meta = FlowMeta(name=f"Host{remote}.example", sni=f"sni{number % 17}")
    return flow(
        *ends, start_s=START_S + STEP_S * number - number % 60, duration_s=number % 60,
        sport=1_000 + number % 7, dport=2_000 + number % 9, proto=proto, meta=meta,
        direction=number % 4, orig_bytes=number, resp_bytes=2 * number, orig_state=number % 7,
        resp_state=number % 5,
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A writer that is still open, its last rows committed, its last bucket not written."""
    path = tmp_path_factory.mktemp("query") / "store"
    writer = StoreWriter(path, Store())
    for low in range(0, COUNT, 100):
        writer.write(batch([make_flow(number) for number in range(low, low + 100)]))
        writer.tick(START_S + STEP_S * low)
    for minute in range(120):
        writer.write_traffic(seconds((START_S + 60 * minute, minute, 100 * minute)))
    writer.flush()
    yield writer, path
    writer.close()


@pytest.fixture(scope="module")
def reader(store):
    writer, path = store
    made = StoreReader(path, writer.open_buckets)
    yield made
    made.close()


@pytest.fixture(scope="module")
def flows(reader):
    """All rows, page by page."""
    found, cursor = [], ""
    while True:
        page = reader.flows(FlowFilter(cursor=cursor, limit=173))
        assert page.count == len(page.data)
        found += page.data
        cursor = page.next
        if not cursor:
            return found


def test_pages_hold_every_flow_once_newest_first(flows):
    assert len(flows) == COUNT
    assert [row.bytes_out for row in flows] == list(range(COUNT))[::-1]
    ids = [row.id for row in flows]
    assert ids == sorted(set(ids), reverse=True)


def test_a_page_says_whether_there_is_more(reader):
    assert reader.flows(FlowFilter(limit=COUNT - 200)).next
    last = reader.flows(FlowFilter(limit=1_000)).next
    assert reader.flows(FlowFilter(limit=COUNT - 1_000, cursor=last)).next == ""
    assert reader.flows(FlowFilter(limit=COUNT - 1_001, cursor=last)).next
    assert reader.flows(FlowFilter(cursor="-9")).data == []


def within(text, ip):
    return ipaddress.ip_address(ip) in ipaddress.ip_network(text, strict=False)


CHECKS = {
    "address": lambda v, row: within(v, row.src_ip) or within(v, row.dst_ip),
    "src": lambda v, row: within(v, row.src_ip),
    "dst": lambda v, row: within(v, row.dst_ip),
    "port": lambda v, row: v in {row.src_port, row.dst_port},
    "proto": lambda v, row: row.proto == {"6": "tcp", "ICMP6": "ipv6-icmp"}.get(v, v),
    "country": lambda v, row: v.upper() in {row.src_country.upper(), row.dst_country.upper()},
    "asn": lambda v, row: v in {row.src_asn, row.dst_asn},
    "name": lambda v, row: v.lower() in f"{row.name}\n{row.sni}".lower(),
    "state": lambda v, row: row.state == v.upper(),
    "direction": lambda v, row: row.direction == v,
    "since": lambda v, row: row.end >= v,
    "until": lambda v, row: row.end < v,
}
ADDRESSES = st.sampled_from(
    ["192.168.0.4", "192.168.1.0/24", "192.168.0.0/16", "198.51.1.4", "198.51.2.9/28",
     "2001:db8::5", "2001:db8::/64", "0.0.0.0/0", "::/0", "203.0.113.1", "10.0.0.0/8"]
)  # fmt: skip
TIMES = st.floats(START_S - 100, START_S + STEP_S * COUNT + 100)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "address": ADDRESSES,
        "src": ADDRESSES,
        "dst": ADDRESSES,
        "port": st.integers(998, 1_008) | st.integers(1_999, 2_010),
        "proto": st.sampled_from(["tcp", "udp", "ipv6-icmp", "ICMP6", "6", "sctp", "gre"]),
        "country": st.sampled_from(["DE", "us", "FR", "Local", "Unknown", "XX"]),
        "asn": st.integers(0, 6),
        "name": st.sampled_from(["host1", "HOST22.", "sni1", "example", "%", "_", "x\\"]),
        "state": st.sampled_from(["SF", "s0", "OTH", "REJ"]),
        "direction": st.sampled_from([direction.name.lower() for direction in Direction]),
        "since": TIMES,
        "until": TIMES,
    },
)


@given(FILTERS, st.integers(90, 700))
def test_filters_find_what_a_loop_finds(reader, flows, chosen, limit):
    expected = [row.id for row in flows if all(CHECKS[k](v, row) for k, v in chosen.items())]
    found, cursor = [], ""
    while True:
        page = reader.flows(FlowFilter(**chosen, limit=limit, cursor=cursor))
        found += [row.id for row in page.data]
        cursor = page.next
        if not cursor:
            break
    assert found == expected


@pytest.mark.parametrize("where", [{}, {"address": "192.168.0.4"}, {"state": "RSTRH"}])
def test_a_search_ends_when_its_allowance_is_used_up(reader, flows, monkeypatch, where):
    """A filter that nothing meets must not read the whole disk in one go."""
    monkeypatch.setattr(flowquery, "ALLOWANCE", 100)
    monkeypatch.setattr(flowquery, "_CHUNK", 40)
    everything = {row.id for row in reader.flows(FlowFilter(limit=1_000, **where)).data}
    found, cursor, pages = [], "", 0
    while True:
        page = reader.flows(FlowFilter(limit=500, cursor=cursor, **where))
        found += [row.id for row in page.data]
        pages += 1
        cursor = page.next
        if not cursor:
            break
    assert everything <= set(found)
    assert (
        len(found)
        == len(set(found))
        == sum(all(CHECKS[k](v, row) for k, v in where.items()) for row in flows)
    )
    assert pages >= 2


@pytest.mark.parametrize(
    "wrong",
    [{"address": "nonsense"}, {"src": "10.0.0.0/64"}, {"proto": "tcpp"}, {"state": "NO"},
     {"direction": "up"}, {"cursor": "abc"}, {"cursor": "9" * 40}],
)  # fmt: skip
def test_a_value_that_means_nothing_is_refused(reader, wrong):
    with pytest.raises(ValueError, match=r"\S"):
        reader.flows(FlowFilter(**wrong))


def test_text_is_never_sql(reader):
    for text in ("'; DROP TABLE flow; --", '"', "a' OR '1'='1"):
        assert reader.flows(FlowFilter(name=text)).data == []
        assert reader.flows(FlowFilter(country=text)).data == []
        assert reader.hosts(*EVER, 10, "", text).data == []


def test_a_nul_character_is_refused(reader):
    """SQLite's LIKE would stop reading there, and find everything."""
    with pytest.raises(ValueError, match="NUL"):
        reader.flows(FlowFilter(name="\0"))
    with pytest.raises(ValueError, match="NUL"):
        reader.hosts(*EVER, 10, "", "\0")


def test_one_flow_by_its_id(reader, flows):
    assert reader.flow(flows[17].id) == flows[17]
    assert reader.flow(flows[-1].id) == flows[-1]
    assert reader.flow(flows[17].id + 1) is None
    assert reader.flow(0) is None


def sum_hosts(flows, since, until):
    """Flows, bytes sent and received by address, of flows stored in the buckets of a range."""
    first, last = since // 600, (until - 1e-6) // 600
    sums = defaultdict(lambda: [0, 0, 0])
    for row in flows:
        if first <= row.id // 600_000_000 <= last:
            for ip, sent, received in (
                (row.src_ip, row.bytes_out, row.bytes_in),
                (row.dst_ip, row.bytes_in, row.bytes_out),
            ):
                for place, value in enumerate((1, sent, received)):
                    sums[ip][place] += value
    return dict(sums)


RANGES = [
    EVER,
    (START_S, START_S + 600),
    (START_S + 700, START_S + 2_000),
    (START_S + 4_000, START_S + 4_400),
    (START_S + 1_700, START_S + 1_900),
    (START_S - 9_000, START_S - 8_000),
]


@pytest.mark.parametrize("since_until", RANGES)
def test_hosts_have_the_sums_of_their_flows(reader, flows, since_until):
    expected = sum_hosts(flows, *since_until)
    found, cursor = [], ""
    while True:
        page = reader.hosts(*since_until, 7, cursor, "")
        found += page.data
        cursor = page.next
        if not cursor:
            break
    assert {row.ip: [row.flows, row.bytes_out, row.bytes_in] for row in found} == expected
    totals = [row.bytes_out + row.bytes_in for row in found]
    assert totals == sorted(totals, reverse=True)
    for row in found[:5]:
        assert reader.host(row.ip, *since_until) == row
        points = reader.host_history(row.ip, *since_until)
        assert sum(point["bytes_out"] for point in points) == row.bytes_out
        assert [point["t"] for point in points] == sorted({point["t"] for point in points})
        assert all(point["t"] % 600 == 0 and point["flows"] for point in points)


@pytest.mark.parametrize("local", [None, True, False])
@pytest.mark.parametrize("spare", [0, 64])
def test_top_talkers_are_exact_however_few_candidates(reader, flows, monkeypatch, local, spare):
    monkeypatch.setattr(hostsums, "_SPARE", spare)
    sums = sum_hosts(flows, *EVER)
    ranked = sorted(
        (
            (-(row[1] + row[2]), ip)
            for ip, row in sums.items()
            if local is None or ip.startswith("192.168.") == local
        ),
        key=lambda pair: pair[0],
    )
    top = reader.top(*EVER, 4, local)
    assert [-(row.bytes_out + row.bytes_in) for row in top] == [pair[0] for pair in ranked[:4]]
    assert [row.ip for row in top] == [pair[1] for pair in ranked[:4]]
    assert all(row.local == row.ip.startswith("192.168.") for row in top)


def test_a_flood_of_equal_hosts_is_bounded(bench, monkeypatch):
    """A sweep from forged addresses: the one that matters is on top, the work is limited."""
    monkeypatch.setattr(hostsums, "MAX_CANDIDATES", 100)
    monkeypatch.setattr("appliance.store.hostquery.MAX_RANKED", 150)
    writer = bench.writer()
    target = address("10.0.0.1")
    writer.write(batch([flow(f"172.16.{n // 200}.{n % 200}", target) for n in range(600)]))
    writer.flush()
    reader = bench.reader(writer)
    top = reader.top(*EVER, 5, None)
    assert (top[0].ip, top[0].flows, len(top)) == ("10.0.0.1", 600, 5)
    first = reader.hosts(*EVER, 100, "", "")
    second = reader.hosts(*EVER, 100, first.next, "")
    assert (first.count, second.count, second.next) == (100, 50, "")
    assert reader.hosts(*EVER, 100, "999999", "").data == []
    assert reader.hosts(*EVER, 100, "", "172.16.2.199").count == 1


def test_a_host_row_says_what_is_known(reader, flows):
    row = reader.host("198.51.0.3", *EVER)
    own = [f for f in flows if "198.51.0.3" in {f.src_ip, f.dst_ip}]
    assert (row.name, row.country, row.asn, row.org, row.city) == (
        "Host3.example", "FR", 3, "Org_3", "Bonn",
    )  # fmt: skip
    assert row.last_seen == own[0].id / 1e6
    assert row.first_seen == int(own[-1].start)
    assert reader.host("203.0.113.99", *EVER) is None
    with pytest.raises(ValueError, match="nonsense"):
        reader.host("nonsense", *EVER)
    with pytest.raises(ValueError, match="nonsense"):
        reader.host_history("nonsense", *EVER)


@pytest.mark.parametrize(
    ("text", "count"),
    [("198.51.0.", 6), ("host3.", 1), ("ORG_3", 4), ("bonn", 1), ("192.168", 22), ("%", 0),
     ("2001:db8::5", 1), ("nothing", 0)],
)  # fmt: skip
def test_hosts_are_found_by_what_they_show(reader, text, count):
    page = reader.hosts(*EVER, 100, "", text)
    assert page.count == count
    for row in page.data:
        assert text.lower() in f"{row.ip} {row.name} {row.org} {row.city}".lower()


def test_a_host_cursor_that_means_nothing(reader):
    for cursor in ("-1", "x", "1" * 30):
        with pytest.raises(ValueError, match="not a cursor"):
            reader.hosts(*EVER, 10, cursor, "")


@pytest.mark.parametrize("since_until", RANGES)
def test_countries_have_the_sums_of_their_hosts(reader, flows, since_until):
    country = {}
    for row in flows:
        country[row.src_ip], country[row.dst_ip] = row.src_country, row.dst_country
    expected = Counter()
    for ip, (_, sent, received) in sum_hosts(flows, *since_until).items():
        if country[ip] != "Local":
            expected[country[ip]] += sent + received
    found = reader.countries(*since_until, 10)
    assert {row.country: row.bytes for row in found} == dict(expected)
    assert reader.countries(*since_until, 2) == found[:2]


def test_traffic_is_summed_by_step(reader):
    points = reader.traffic(START_S, START_S + 7_200, 60)
    assert [point.packets for point in points] == list(range(120))
    assert points[7].t == START_S + 420
    assert points[7].tcp_bytes == points[7].out_bytes == points[7].bytes == 700
    points = reader.traffic(START_S, START_S + 7_200, 605)
    assert [point.packets for point in points] == [sum(range(n, n + 10)) for n in range(0, 120, 10)]
    assert reader.traffic(START_S + 7_200, START_S + 9_000, 60) == []
    assert len(reader.traffic(*EVER, 60)) <= 5_000


def test_totals(reader, flows):
    stats = reader.stats()
    assert stats.flows == COUNT
    assert stats.bytes == sum(row.bytes_out + row.bytes_in for row in flows)
    assert (stats.days, stats.segments) == (2, 2)
    assert stats.newest == flows[0].id / 1e6
    assert stats.oldest == flows[-1].id / 1e6
    assert stats.disk_bytes > 100_000


@pytest.fixture(scope="module")
def other(store):
    """A reader without the writer's memory, as another process is."""
    made = StoreReader(store[1])
    made.stats()
    yield made
    made.close()


def test_another_process_sees_the_same(reader, other):
    """The open bucket is summed up from the rows."""
    for ask in (
        lambda r: r.hosts(*EVER, 100, "", ""),
        lambda r: r.countries(*EVER, 10),
        lambda r: r.stats(),
        lambda r: r.host_history("192.168.0.4", *EVER),
        lambda r: r.flows(FlowFilter(address="192.168.0.4", limit=1_000)),
    ):
        assert msgspec.to_builtins(ask(other)) == msgspec.to_builtins(ask(reader))


def test_there_is_no_store(tmp_path):
    with pytest.raises(StoreError, match="no readable store"):
        StoreReader(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "main.db").write_bytes(b"no database " * 1_000)
    with pytest.raises(StoreError, match="no readable store"):
        StoreReader(tmp_path)
