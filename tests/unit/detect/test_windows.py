"""When windows close, in what order, and what is in them beside flows."""

import math

import numpy as np
import pytest

from appliance.detect.evidence import Evidence
from appliance.detect.windows import warm_up
from appliance.kernels.fingerprint import close_window
from appliance.kernels.jit import JIT
from appliance.kernels.windows import absorb_flows
from appliance.model.address import Address
from appliance.model.alert import Family, Signal
from appliance.model.observation import DnsSeen
from appliance.model.window import COLUMN
from tests.support.windows import START_S, V4, Tables, absorb, flow, make_batch, make_windows

HOST = 0x0A000001


def asked(name: str, rcode: str = "", *, at_s: float = START_S, client: int = HOST) -> DnsSeen:
    return DnsSeen(int(at_s * 1e9), 0, V4 | client, 0, V4 | 1, name, "A", rcode, 60)


def signal(weight: float, *, at_s: float = START_S, **more: float) -> Signal:
    return Signal(
        ts_s=at_s, first_s=at_s, last_s=at_s, rule="r", kind="port_scan", family=Family.FANOUT,
        host=Address(0, V4 | HOST), weight=weight, **more,
    )  # fmt: skip


def test_a_window_closes_a_minute_after_its_end() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow()])
    assert windows.close_due(START_S + 659.9) == []
    [batch] = windows.close_due(START_S + 660)
    assert (batch.start_s, batch.length_s) == (START_S, 600)
    assert windows.close_due(START_S + 10_000) == []
    assert windows.flush() == []


def test_windows_close_in_order_whatever_the_gap() -> None:
    tables = Tables()
    windows = make_windows(tables)
    for start in (0, 600, 90_000, 90_600, 91_300):
        absorb(windows, tables, [flow(start_s=START_S + start)])
    closed = [*windows.close_due(START_S + 91_300), *windows.flush()]
    assert [b.start_s - START_S for b in closed] == [0, 600, 90_000, 90_600, 91_200]


def test_a_clock_set_back_starts_anew() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow(start_s=START_S + 86_400)])
    absorb(windows, tables, [flow()])
    assert [b.start_s - START_S for b in windows.flush()] == [86_400, 0]
    assert windows.statistics().clock_steps == 1


def test_the_order_of_batches_changes_nothing() -> None:
    said = [
        flow(start_s=START_S + 7 * k, contact=k % 9, resp=0xC6336401 + k % 9) for k in range(90)
    ]
    found = []
    for size in (1, 13, 90):
        tables = Tables()
        windows = make_windows(tables)
        for at in range(0, 90, size):
            absorb(windows, tables, said[at : at + size])
        found.append([(b.start_s, b.values.tobytes(), b.score.tobytes()) for b in windows.flush()])
    assert found[0] == found[1] == found[2]


def test_dns_is_counted_for_the_client_that_asked() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow()])
    windows.count_dns(asked(f"a{k}.example") for k in range(20))
    windows.count_dns(asked("a1.example", "NXDOMAIN") for _ in range(3))
    windows.count_dns([asked("b.example", client=7)])
    [batch] = windows.flush()
    found = {n: float(batch.values[0, COLUMN[n]]) for n in ("dns", "dns_failed", "dns_questions")}
    assert found == pytest.approx(
        {"dns": math.log1p(20), "dns_failed": math.log1p(3), "dns_questions": 20}
    )
    assert batch.values[0, COLUMN["dns_entropy"]] == pytest.approx((10 * 1 + 10 * 1.585) / 20, 0.1)


def test_dns_before_any_flow_is_kept_for_its_window() -> None:
    tables = Tables()
    windows = make_windows(tables)
    windows.count_dns([asked("a.example")])
    absorb(windows, tables, [flow()])
    [batch] = windows.flush()
    assert batch.values[0, COLUMN["dns_questions"]] == 1


def test_the_strongest_signal_counts_as_far_as_it_may_alone() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow()])
    windows.count_signals([signal(1.0), signal(5.0, solo_limit=2.5), signal(2.0)])
    [batch] = windows.flush()
    assert batch.values[0, COLUMN["signal"]] == 2.5


def test_suspicion_outlasts_the_window_that_gave_cause() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow()])
    windows.count_signals([signal(6.0)])
    absorb(windows, tables, [flow(start_s=START_S + 600)])
    loud, quiet = windows.flush()
    assert loud.evidence[0] > 0.9
    assert quiet.evidence[0] < 0.1
    assert 0.25 < quiet.score[0] < loud.score[0]


def test_hindsight_knows_a_beacon_that_was_judged_later() -> None:
    tables = Tables()
    windows = make_windows(tables, keep_used=True)
    absorb(windows, tables, [flow(), flow(resp=0xE00000FB, contact=-1, classes=16)])
    [batch] = windows.flush()
    tables.contacts["score"][0] = 4.0
    [used] = windows.used
    assert batch.evidence[0] < 0.1
    assert windows.rescore(used)[0] > 0.8
    tables.contacts["resp_lo"][0] += 1
    assert windows.rescore(used)[0] == batch.evidence[0]


def test_hosts_are_copies() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow()])
    [batch] = windows.flush()
    tables.hosts["lo"] = 1
    assert batch.hosts["lo"].tolist() == [V4 | HOST]
    assert batch.model.tolist() == [-1]


def test_nothing_comes_of_nothing() -> None:
    tables = Tables()
    windows = make_windows(tables)
    windows.absorb(np.zeros(0, []), None, np.zeros(0, np.uint32), START_S)  # type: ignore[arg-type]
    assert windows.close_due(START_S) == windows.flush() == []
    assert Evidence().score(make_batch([]).values).shape == (0,)


def test_warming_up_drives_every_kernel() -> None:
    warm_up()
    assert JIT is False or all(
        len(kernel.signatures) == 1 for kernel in (absorb_flows, close_window)
    )
