"""What was committed survives kill -9 and a torn end of the WAL."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from appliance.config.schema import Store
from appliance.errors import StoreError
from appliance.store.files import list_segments, segment_path
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import T0_S, Network, seconds

PER_COMMIT = 200
CHILD = Path(__file__).with_name("crash_writer.py")


def integrity(path):
    connection = apsw.Connection(str(path))
    try:
        return connection.execute("PRAGMA integrity_check").get
    finally:
        connection.close()


def count(path):
    connection = apsw.Connection(str(path))
    try:
        return connection.execute("SELECT count(*) FROM flow").get
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 4, 9])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path, lines):
    folder = tmp_path / "store"
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(folder)], stdout=subprocess.PIPE, text=True
    ) as child:
        acknowledged = [int(child.stdout.readline()) for _ in range(lines)]
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout if line.endswith("\n")]
    assert child.returncode == -signal.SIGKILL
    writer = StoreWriter(folder, Store())
    assert writer.statistics().damaged == ()
    reader = StoreReader(folder)
    flows = reader.stats().flows
    assert flows >= acknowledged[-1]
    assert flows % PER_COMMIT == 0
    commits = sum(point.packets for point in reader.traffic(T0_S - 60, T0_S + 10**6, 60))
    assert commits * PER_COMMIT >= acknowledged[-1]
    hosts = reader.hosts(0, 4e9, 1_000, "", "").data
    assert sum(host.flows for host in hosts) == 2 * flows
    reader.close()
    writer.close()
    assert [integrity(path) for path in folder.glob("*.db")] == ["ok", "ok"]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A copy of a store in the middle of writing, its WAL full of commits."""
    folder = tmp_path_factory.mktemp("running")
    writer = StoreWriter(folder / "store", Store())
    network = Network(remotes=100)
    for step in range(12):
        writer.write(network.flows(20, T0_S + 5 * step, T0_S + 5 * step + 5))
        writer.write_traffic(seconds((T0_S + step, 1, 1)))
        writer.flush()
    shutil.copytree(folder / "store", folder / "copy")
    writer.close()
    return folder / "copy"


@pytest.mark.parametrize("seed", range(12))
def test_a_torn_end_of_the_wal_costs_whole_commits_only(running, tmp_path, seed):
    """Cut, zeroed or overwritten from somewhere on, as a power cut leaves it."""
    rng = random.Random(seed)
    folder = tmp_path / "store"
    shutil.copytree(running, folder)
    wal = folder / "flow-20251009.db-wal"
    raw = bytearray(wal.read_bytes())
    cut = rng.randrange(len(raw))
    tail = (b"", bytes(len(raw) - cut), rng.randbytes(len(raw) - cut))[seed % 3]
    wal.write_bytes(raw[:cut] + tail)
    (folder / "flow-20251009.db-shm").unlink()
    writer = StoreWriter(folder, Store())
    assert writer.statistics().damaged == ()
    writer.close()
    path = folder / "flow-20251009.db"
    assert integrity(path) == "ok"
    assert count(path) % 20 == 0
    reader = StoreReader(folder)
    assert reader.stats().flows == count(path)
    reader.close()


@pytest.mark.parametrize("size", [0, 1, 99, 4_096, 5_000, 12_000])
def test_a_file_cut_short_is_set_aside(running, tmp_path, size):
    folder = tmp_path / "store"
    shutil.copytree(running, folder)
    for name in ("flow-20251009.db", "main.db"):
        StoreWriter(folder, Store()).close()
        path = folder / name
        path.write_bytes(path.read_bytes()[:size])
        writer = StoreWriter(folder, Store())
        # to SQLite, no header is an empty database
        expected = (f"{name}.damaged-1",) if size > 1 else ()
        assert writer.statistics().damaged == expected
        writer.write(Network(remotes=100).flows(20, T0_S, T0_S + 5))
        writer.close()
        assert integrity(segment_path(folder, list_segments(folder)[0])) == "ok"


def test_an_older_day_that_is_damaged_is_left_out_of_answers(tmp_path):
    """Damage deep in an old segment is met by a query: said once, then the rest is shown."""
    folder = tmp_path / "store"
    writer = StoreWriter(folder, Store())
    network = Network(remotes=300)
    for day in range(2):
        writer.write(network.flows(400, T0_S + 86_400 * day, T0_S + 86_400 * day + 60))
    writer.close()
    path = folder / "flow-20251009.db"
    raw = path.read_bytes()
    path.write_bytes(raw[: 12 * 4_096] + b"\xee" * (len(raw) - 12 * 4_096))
    reader = StoreReader(folder)
    seen = []
    for _ in range(2):
        try:
            seen.append(reader.hosts(0, 4e9, 10, "", "").count)
        except StoreError as error:
            seen.append(str(error).split(":")[0])
    assert seen == ["flow-20251009.db is damaged", 10]
    reader.close()
