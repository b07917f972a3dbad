"""Logs as one source: order, clock, several files, what other logs say."""

import gzip
from pathlib import Path

import pytest

from appliance.errors import ApplianceError
from appliance.sources.stage import BATCH_FLOWS, LogBatch, open_logs
from tests.support.logfiles import HOME, T0, conn, jsonl, read, tsv, write


def uids(batches: list[LogBatch]) -> list[str]:
    return [uid for batch in batches for uid in batch.batch.uids]


def dns(at_s: float, uid: str = "", query: str = "x.example") -> dict:
    return {"ts": at_s, "uid": uid, "id.orig_h": "192.168.1.5", "id.resp_h": "192.168.1.1",
            "id.resp_p": 53, "query": query, "qtype_name": "A"}  # fmt: skip


def test_flows_come_in_batches_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [conn(n) for n in range(2 * BATCH_FLOWS + 7)]
    batches, logs = read(write(tmp_path, "conn.log", jsonl(rows)))
    assert [len(batch.batch) for batch in batches] == [BATCH_FLOWS, BATCH_FLOWS, 7]
    assert uids(batches) == [row["uid"] for row in rows]
    assert logs.statistics().flows == len(rows)
    assert logs.interfaces == ("conn.log",)


@pytest.mark.parametrize("order", ["start", "end"])
def test_the_clock_is_the_latest_start_and_never_goes_back(tmp_path: Path, order: str) -> None:
    rows = [conn(n, duration=float(n * 7 % 1_000)) for n in range(3 * BATCH_FLOWS)]
    if order == "end":
        rows.sort(key=lambda row: row["ts"] + row["duration"])
    batches, _ = read(write(tmp_path, "conn.log", jsonl(rows)))
    clock = [batch.now_s for batch in batches]
    assert clock == sorted(clock)
    latest = 0
    for batch in batches:
        latest = max(latest, int(batch.batch.flows["first_ns"].max()))
        assert batch.now_s == latest / 1e9


def test_a_wrong_digit_does_not_take_the_clock_along(tmp_path: Path) -> None:
    rows = [conn(n) for n in range(1_000)]
    rows[500]["ts"] += 1e9
    rows[501]["ts"] -= 1e9
    ((batch, _, _, now_s),), _ = read(write(tmp_path, "conn.log", jsonl(rows)))
    assert now_s == T0 + 999
    assert len(batch) == 1_000


def test_a_log_may_have_gaps_of_days(tmp_path: Path) -> None:
    rows = [conn(n, ts=T0 + n * 500 + (n > 500) * 864_000) for n in range(1_000)]
    batches, _ = read(write(tmp_path, "conn.log", jsonl(rows)))
    assert batches[-1].now_s == rows[-1]["ts"]


def test_both_forms_are_cut_at_the_same_flows(tmp_path: Path) -> None:
    rows = [conn(n) for n in range(BATCH_FLOWS + 500)]
    text, objects = (
        read(write(tmp_path, name, form(rows)))[0]
        for name, form in (("a.log", tsv), ("b.log", jsonl))
    )
    assert [batch.batch.flows.tobytes() for batch in text] == [
        batch.batch.flows.tobytes() for batch in objects
    ]


def test_packed_logs(tmp_path: Path) -> None:
    batches, _ = read(write(tmp_path, "conn.log.gz", gzip.compress(tsv([conn(1)]).encode())))
    assert uids(batches) == ["C0001"]


def test_what_lies_beside_is_joined(tmp_path: Path) -> None:
    write(tmp_path, "dns.log", jsonl([dns(T0 + 1, "C0001")]))
    write(tmp_path, "ssl.log", tsv([{"ts": T0 + 2.5, "uid": "C0002", "server_name": "s.example"}],
                                   ("ts", "uid", "server_name"), path="ssl"))  # fmt: skip
    path = write(tmp_path, "conn.log", tsv([conn(1, service="dns"), conn(2)]))
    for given in (path, str(tmp_path)):
        (batch,), logs = read(given)
        first, second = batch.batch.meta
        assert first is not None
        assert (first.service, first.dns_query) == ("dns", "x.example")
        assert second is not None
        assert (second.sni, second.name) == ("s.example", "s.example")
        assert [seen.name for seen in batch.observations] == ["x.example"]
        assert logs.statistics().files == 3
        assert logs.statistics().joined == 2


def test_observations_come_with_their_time(tmp_path: Path) -> None:
    write(tmp_path, "dns.log", jsonl([dns(T0 + n) for n in range(0, 6_000, 10)]))
    path = write(tmp_path, "conn.log", jsonl([conn(n) for n in range(2 * BATCH_FLOWS)]))
    batches, _ = read(path)
    before = 0.0
    for batch in batches:
        times = [seen.ts_ns / 1e9 for seen in batch.observations]
        assert times
        assert times == sorted(times)
        assert before <= times[0]
        assert times[-1] <= batch.now_s
        before = batch.now_s
    assert sum(len(batch.observations) for batch in batches) == 600
    assert batches[-1].now_s == T0 + 5_990  # after the last flow


def test_a_folder_without_flows(tmp_path: Path) -> None:
    write(tmp_path, "dns.log", jsonl([dns(T0 + n) for n in range(3)]))
    (batch,), logs = read(str(tmp_path))
    assert len(batch.batch) == 0
    assert len(batch.observations) == 3
    assert batch.now_s == T0 + 2
    assert logs.statistics().flows == 0


def test_several_logs_are_merged_by_time(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        rows = [conn(n) for n in range(number, 4 * BATCH_FLOWS, 2)]
        write(folder, "conn.log", jsonl(rows))
    batches, logs = read(*map(str, folders))
    assert sorted(uids(batches)) == sorted(f"C{n:04d}" for n in range(4 * BATCH_FLOWS))
    clock = [batch.now_s for batch in batches]
    assert clock == sorted(clock)
    assert {int(batch.batch.flows["interface"][0]) for batch in batches} == {0, 1}
    assert logs.interfaces == ("conn.log", "conn.log")


def test_hours_given_in_the_wrong_order(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, f"{name}.log", jsonl([conn(n) for n in range(start, start + 3_000)]))
        for name, start in (("late", 3_000), ("early", 0))
    ]
    batches, _ = read(*paths)
    assert uids(batches) == [f"C{n:04d}" for n in range(6_000)]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(1)]))
    assert uids(read(path, path)[0]) == ["C0001"]


def test_close_ends_it(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(n) for n in range(5 * BATCH_FLOWS)]))
    logs = open_logs([path], HOME)
    batches = logs.batches()
    next(batches)
    logs.close()
    assert len(list(batches)) <= 1


def test_damage_is_counted_and_never_ends_it(tmp_path: Path) -> None:
    text = tsv([conn(n) for n in range(10)]).replace("C0005", "C0005\tmore")
    write(tmp_path, "dns.log", "{}\n" + jsonl([dns(T0)]) + "{\n")
    batches, logs = read(write(tmp_path, "conn.log", text.replace("192.168.1.5\t40003", "me\t1")))
    assert len(uids(batches)) == 8
    assert logs.statistics().damaged == {
        "conn: columns": 1, "conn: id.orig_h": 1, "dns: incomplete": 1, "dns: json": 1,
    }  # fmt: skip


def test_nothing_stays_open_when_one_cannot_be_read(tmp_path: Path) -> None:
    good, bad = write(tmp_path, "conn.log", jsonl([conn(1)])), write(tmp_path, "x", "nothing\n")
    with pytest.raises(ApplianceError):
        open_logs([good, bad], HOME)
