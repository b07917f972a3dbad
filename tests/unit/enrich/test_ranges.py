import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.enrich.ranges import MAX_NETWORKS_CACHED, Ranges

V6_HIGHS = [1, 2, 3, 0x2001 << 48, (0x2001 << 48) + 1, (1 << 64) - 2, (1 << 64) - 1]
V6_LOWS = [0, 1, 2, 1 << 63, (1 << 64) - 1]
V4_POINTS = [0, 1, 2, 3, 255, 256, 1 << 24, (1 << 31) + 7, (1 << 32) - 2, (1 << 32) - 1]


def scan(ranges, point):
    """The slow oracle: the last range that begins at or below the address decides."""
    begun = [(last, value) for first, last, value in ranges if first <= point]
    return begun[-1][1] if begun and point <= begun[-1][0] else 0


def any_ranges(points):
    """Sorted ranges between some points; neighbours may touch, overlap or leave gaps."""
    pair = st.tuples(st.sampled_from(points), st.sampled_from(points), st.integers(1, 6))
    return st.lists(pair.map(lambda p: (min(p[:2]), max(p[:2]), p[2])), max_size=8).map(
        lambda rows: sorted(rows, key=lambda row: row[0])
    )


def around(points, top):
    return sorted({p + d for p in points for d in (-1, 0, 1) if 0 <= p + d < top})


def build(data_format, v4_country, v4_as, v6_country, v6_as):
    countries, networks = data_format.Names(""), data_format.Names(0)
    for i in range(1, 7):
        countries.add(f"A{'ABCDEFG'[i]}", f"A{'ABCDEFG'[i]}")
        networks.add(1000 + i, f"Org {i % 3} ü")

    def steps(country, number):
        shifted = [(first, last, value << 24) for first, last, value in country]
        return data_format.merge(data_format.flatten(shifted), data_format.flatten(number))

    arrays = data_format.pack_addresses(
        steps(v4_country, v4_as), steps(v6_country, v6_as), countries, networks
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "addresses.bin"
        data_format.write_packed(path, arrays)
        return Ranges(path)


V6_POINTS = [high << 64 | low for high in V6_HIGHS for low in V6_LOWS]


@given(any_ranges(V4_POINTS), any_ranges(V4_POINTS), any_ranges(V6_POINTS), any_ranges(V6_POINTS))
def test_equals_a_linear_scan(data_format, v4_country, v4_as, v6_country, v6_as):
    ranges = build(data_format, v4_country, v4_as, v6_country, v6_as)
    v4, v6 = around(V4_POINTS, 1 << 32), [p for p in around(V6_POINTS, 1 << 128) if p >> 64]
    mapped = [0xFFFF << 32 | point for point in v4] + v6
    high = np.array([point >> 64 for point in mapped], np.uint64)
    low = np.array([point & (1 << 64) - 1 for point in mapped], np.uint64)
    country, network = ranges.look_up(high, low)
    assert country.tolist() == [scan(v4_country, p) for p in v4] + [scan(v6_country, p) for p in v6]
    expected = [scan(v4_as, p) for p in v4] + [scan(v6_as, p) for p in v6]
    assert network.tolist() == expected
    assert [ranges.network(i)[0] for i in network.tolist()] == [e and 1000 + e for e in expected]


def test_the_order_of_addresses_does_not_matter(data_format):
    fine = [(5 << 64, (5 << 64) + 9, 1), ((5 << 64) + 10, (6 << 64) - 1, 2)]
    ranges = build(data_format, [(0, 99, 3)], [], fine, [])
    high = np.array([5, 0, 5, 6, 0], np.uint64)
    low = np.array([9, 0xFFFF << 32 | 99, 10, 0, 0xFFFF << 32 | 100], np.uint64)
    assert ranges.look_up(high, low)[0].tolist() == [1, 3, 2, 0, 0]


def test_names_and_codes(data_format):
    ranges = build(data_format, [(0, 9, 2)], [(0, 9, 4)], [], [])
    country, network = ranges.look_up(np.zeros(1, np.uint64), np.array([0xFFFF << 32], np.uint64))
    assert ranges.countries[country[0]] == "AC"
    assert ranges.network(int(network[0])) == (1004, "Org 1 ü")
    assert ranges.network(0) == (0, "")
    assert ranges.countries[0] == ""


def test_no_addresses(data_format):
    none = np.empty(0, np.uint64)
    country, network = build(data_format, [], [], [], []).look_up(none, none)
    assert len(country) == len(network) == 0


def test_cached_networks_are_bounded(data_format, monkeypatch):
    monkeypatch.setattr("appliance.enrich.ranges.MAX_NETWORKS_CACHED", 3)
    ranges = build(data_format, [], [(0, 9, 1)], [], [])
    for _ in range(3):
        assert [ranges.network(i)[0] for i in range(1, 7)] == list(range(1001, 1007))
        assert len(ranges._networks) <= 3
    assert MAX_NETWORKS_CACHED <= 16_384
