"""Every capture of the developers' folder, in one process: nothing may crash, hang, leak or lie.

Among them are hundreds of files that crashed tcpdump, Wireshark or Suricata once.
"""

import gc
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from appliance.errors import FormatError

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.timeout(300)]

MAX_GROWTH_MIB = 30
SETTLED = 1_100  # by this file everything that is loaded once has been: scapy, cryptography
EVERY = 40  # one file in so many is replayed a second time
NO_REASONS = {"packets", "bytes", "flow_packets", "fragments_held", "evicted", "damaged"}


class Result(NamedTuple):
    """What one file became."""

    rows: list[dict[str, Any]]
    counters: dict[str, int]


class Run(NamedTuple):
    """All files in order, and how memory grew after the first hundred."""

    results: dict[Path, Result]
    refused: dict[Path, str]
    growth_mib: float


@pytest.fixture(scope="module")
def run(corpus: Path) -> Run:
    from tests.support.replaying import replay_flows  # noqa: PLC0415 - loads kernels

    results, refused, start_mib = {}, {}, 0.0
    for number, path in enumerate(_files(corpus)):
        if number == SETTLED:
            start_mib = _rss_mib()
        try:
            rows, counters = replay_flows(path)
            results[path] = Result(rows if number % EVERY == 0 else _summary(rows), counters)
        except FormatError as error:
            refused[path] = str(error)
    return Run(results, refused, _rss_mib() - start_mib)


def _files(corpus: Path) -> Iterator[Path]:
    yield from sorted(path for path in (corpus / "pcap").glob("*/*") if path.is_file())


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep of each row what is asked for: all of all files would be most of the memory."""
    return [{name: row[name] for name in ("packets_out", "packets_in", "state")} for row in rows]


def _rss_mib() -> float:
    gc.collect()  # what is merely waiting to be collected is no leak
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1_024


def test_nearly_every_file_is_read(run: Run) -> None:
    assert len(run.results) > 1_800
    assert len(run.refused) < 20, run.refused


def test_memory_stays_where_it_was(run: Run) -> None:
    assert run.growth_mib < MAX_GROWTH_MIB


def test_every_packet_is_in_a_flow_or_counted_by_reason(run: Run) -> None:
    unbalanced = {}
    for path, (rows, counters) in run.results.items():
        rejected = sum(count for name, count in counters.items() if name not in NO_REASONS)
        in_flows = sum(row["packets_out"] + row["packets_in"] for row in rows)
        accounted = counters["flow_packets"] + rejected + counters["fragments_held"]
        # A frame that offload has merged is one packet to count and several of its flow.
        if accounted != counters["packets"] or in_flows < counters["flow_packets"]:
            unbalanced[path.name] = counters
    assert unbalanced == {}


def test_packets_are_as_many_as_capinfos_counts(run: Run) -> None:
    done = subprocess.run(
        ["capinfos", "-T", "-r", "-c", *map(str, run.results)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    counted = {}
    for line in done.stdout.splitlines():
        name, _, count = line.partition("\t")
        counted[Path(name.strip('"'))] = int(count.strip('"'))
    assert len(counted) > 1_700
    different = {
        path.name: (run.results[path].counters["packets"], count)
        for path, count in counted.items()
        if run.results[path].counters["packets"] != count
    }
    assert different == {}


def test_the_same_replay_twice_is_identical(run: Run) -> None:
    from tests.support.replaying import replay_flows  # noqa: PLC0415 - loads kernels

    everything = list(_files(next(iter(run.results)).parents[2]))
    for path in everything[::EVERY]:
        if path in run.results:
            assert repr(replay_flows(path)) == repr(tuple(run.results[path])), path.name


def test_every_conn_state_occurs(run: Run) -> None:
    states = {row["state"] for result in run.results.values() for row in result.rows}
    assert len(states) == 13
