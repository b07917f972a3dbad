"""The fingerprints of windows, compared with their definitions."""

import numpy as np
import pytest

from appliance.detect.windows import COMMON_PORTS
from appliance.model.contact import MARK_LOCAL, MARK_VENDOR
from appliance.model.window import COLUMN
from tests.oracles.windows import Said, fingerprint
from tests.support.windows import START_S, V4, Tables, absorb, flow, make_windows

ODD = set(range(65_536)) - set(COMMON_PORTS)
PORTS = (22, 53, 80, 443, 445, 853, 3389, 6667, 51_000)
COUNTRIES = (0, MARK_LOCAL, 0x4445, 0x5553, 0x5553 | MARK_VENDOR)


def some_flows(seed: int, count: int = 150) -> list[Said]:
    """Return flows of three hosts with few peers and ports, so that everything repeats."""
    random = np.random.default_rng(seed)
    rows: dict[tuple[int, ...], int] = {}
    said = []
    for _ in range(count):
        direction = int(random.choice([1, 1, 1, 2, 3, 3]))
        orig, resp = 0x0A000001 + int(random.integers(3)), 0xC6336400 + int(random.integers(6))
        if direction == 2:
            orig, resp = resp, orig
        if direction == 3:
            resp = 0x0A000001 + int(random.integers(3))
        proto = int(random.choice([6, 6, 6, 17, 1]))
        port = 0 if proto == 1 else int(random.choice(PORTS))
        key = (orig, resp, port, proto)
        said.append(
            Said(
                start_s=START_S + int(random.integers(600)),
                duration_s=float(random.integers(0, 4_000)) / 8,
                orig=orig,
                resp=resp,
                port=port,
                orig_port=8 if proto == 1 else 40_000,
                proto=proto,
                direction=direction,
                classes=int(random.choice([0, 8, 8, 1, 3, 3, 7, 8]))
                | (16 if resp == 0xC6336405 else 0),
                contact=rows.setdefault(key, len(rows)),
                out=int(random.integers(0, 90_000)),
                into=int(random.integers(0, 30_000)),
                wire=int(random.integers(60, 100_000)),
                packets=int(random.integers(1, 9)),
                novel=int(random.integers(8)),
                marks=int(random.choice(COUNTRIES)),
            )
        )
    return said


@pytest.mark.parametrize("seed", range(6))
def test_fingerprints_are_what_they_are_defined_as(seed: int) -> None:
    said = some_flows(seed)
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, said[:70], now_s=START_S + 600)
    absorb(windows, tables, said[70:], now_s=START_S + 600)
    scores = {row: (row % 5) - 1.0 for row in range(len(tables.contacts))}
    tables.contacts["score"] = list(scores.values())
    [batch] = windows.flush()
    assert len(batch.hosts) == 3
    for host, values in zip(batch.hosts, batch.values, strict=True):
        wanted = fingerprint(int(host["lo"]) ^ V4, said, scores, ODD)
        found = {name: float(values[COLUMN[name]]) for name in wanted}
        assert found == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_failures_of_services_that_are_called_by_nature_do_not_count() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow(port=123, proto=17, classes=3, into=0)] * 50)
    absorb(windows, tables, [flow(port=4_444, proto=17, classes=3, into=0, contact=1)] * 50)
    [batch] = windows.flush()
    assert batch.values[0, COLUMN["failed_peer"]] == pytest.approx(np.log1p(50))
    assert batch.values[0, COLUMN["failed_rate"]] == pytest.approx(50 / 104)
    assert batch.values[0, COLUMN["failed"]] == 100


def test_a_dead_peer_is_counted_over_all_time_and_only_if_it_is_dead() -> None:
    tables = Tables()
    windows = make_windows(tables)
    said = [flow(novel=4, classes=3, into=0), flow(novel=4, contact=1, port=80)]
    absorb(windows, tables, said)
    tables.contacts["contacts"][:2] = 100
    tables.contacts["failed"][:2] = (70, 59)
    [batch] = windows.flush()
    assert batch.values[0, COLUMN["dead_peer"]] == pytest.approx(np.log1p(70))


def test_a_row_that_went_to_another_contact_says_nothing() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow()])
    tables.contacts["score"][0] = 4.0
    tables.contacts["resp_lo"][0] += 1
    [batch] = windows.flush()
    assert batch.values[0, COLUMN["regular"]] == 0


def test_requests_to_rare_peers_have_a_middle_size() -> None:
    tables = Tables()
    windows = make_windows(tables)
    said = [flow(novel=4, out=size, contact=row) for row, size in enumerate((100, 5_000, 200_000))]
    absorb(windows, tables, said)
    [batch] = windows.flush()
    assert batch.values[0, COLUMN["request_size"]] == pytest.approx(np.log1p(50), abs=0.25)
