"""History judged twice: from a store made by a replay, and from files."""

import gc
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.config.options import ReplayOptions
from appliance.config.schema import Alerts, Config, Detect, Flows
from appliance.demo.source import DemoSource
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.errors import ApplianceError, ConfigError, StoreError
from appliance.evaluate.rehearsal import (
    History,
    Settings,
    judge_batches,
    rehearse_files,
    rehearse_store,
)
from appliance.model.alert import Alert, AlertChange, Mute
from appliance.model.flow import FlowBatch
from appliance.replay import judge, replay
from appliance.simulate.day import Play, plan_day
from appliance.simulate.scripts import SCRIPTS
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import T0_S, batch, flow

DEAF = Config(
    flows=Flows(max_flows=2_048), detect=Detect(weights=("vertical_scan.ports_300_s=500",
    "vertical_scan.ports_3600_s=500", "vertical_scan.ports_day=500")),
)  # fmt: skip
PRESENT = Config(flows=Flows(max_flows=2_048))
HOST, VICTIM = "192.168.1.5", "192.168.1.9"


def scan(count: int = 40, host: str = HOST) -> FlowBatch:
    made = batch(
        flow(host, VICTIM, start_s=T0_S + n, duration_s=0.0, dport=100 + n, sport=40_000 + n,
             orig_flags=2, orig_state=1)
        for n in range(count)
    )  # fmt: skip
    Enricher(Config().geoip, HomeNetworks(())).enrich(made)
    return made


@pytest.fixture(autouse=True)
def _calm_again() -> Iterator[None]:
    """Undo what a replay does to the garbage collector."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Return a store with one scan, which somebody called real."""
    writer = StoreWriter(tmp_path, PRESENT.store)
    writer.write(scan())
    marked = Alert(
        id="A1", ts=T0_S + 20, first_seen=T0_S, last_seen=T0_S + 40, kind="port_scan",
        severity="high", confidence=0.9, host=HOST, peer=VICTIM, state="closed",
        comment="real: it was Bob",
    )  # fmt: skip
    writer.write_alerts([AlertChange(what="closed", alert=marked)])
    writer.close()
    return History(tmp_path, T0_S - 60, T0_S + 86_400)


def test_a_rule_made_deaf_loses_a_real_alert(history: History) -> None:
    report = rehearse_store(Settings(PRESENT, DEAF), history)
    assert (report.before, report.vanished, report.appeared) == (1, 1, 0)
    assert report.vanished_by_kind == {"port_scan": 1}
    assert (report.vanished_real, report.vanished_false) == (1, 0)
    assert report.vanished_alerts[0].host == HOST


def test_the_other_way_round_it_appears(history: History) -> None:
    report = rehearse_store(Settings(DEAF, PRESENT), history)
    assert (report.before, report.vanished, report.appeared) == (0, 0, 1)


def test_what_is_not_in_the_span_is_not_judged(history: History) -> None:
    later = history._replace(since_s=T0_S + 80_000)
    assert rehearse_store(Settings(PRESENT, DEAF), later).before == 0


def test_the_store_is_only_read(history: History) -> None:
    def contents() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(history.path.glob("*.db"))}

    before = contents()
    first = rehearse_store(Settings(PRESENT, DEAF), history)
    assert rehearse_store(Settings(PRESENT, DEAF), history) == first
    assert contents() == before


def test_mutes_hold_in_a_rehearsal() -> None:
    assert [one.state for one in judge_batches(PRESENT, [scan()])] == ["open"]
    muted = judge_batches(PRESENT, [scan()], [Mute(id=1, kind="port_scan", host=HOST)])
    assert [one.state for one in muted] == ["muted"]


def test_stored_addresses_get_their_marks_again() -> None:
    """What the store does not hold of an address, detection needs: who is inside above all."""
    made = scan()
    for address in {*made.orig, *made.resp}:
        address.marks = 0
    assert len(judge_batches(PRESENT, [made])) == 1


def test_changes_must_change_something() -> None:
    with pytest.raises(ApplianceError, match="nothing is changed"):
        Settings(PRESENT, PRESENT).check()


def test_a_constant_must_be_one() -> None:
    wrong = msgspec.structs.replace(PRESENT, detect=Detect(weights=("sweep.size=3",)))
    with pytest.raises(ConfigError, match=r"sweep\.size"):
        Settings(PRESENT, wrong).check()


def test_a_store_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        rehearse_store(Settings(PRESENT, DEAF), History(tmp_path / "none", 0, 1))


@pytest.mark.slow
def test_files_are_judged_as_a_replay_does_and_agree_with_their_store(tmp_path: Path) -> None:
    path = tmp_path / "scan.pcap"
    day = plan_day(Play(2, 0.02, 1, T0_S), [SCRIPTS["fin_scan"]])
    source = DemoSource(lambda: int(T0_S * 1e9), paced=False, length_s=72, talks=day.talks[-1:])
    with path.open("wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65_535, 1))
        for block in source.blocks():
            for frame in block.frames:
                at, size = int(frame["offset"]), int(frame["caplen"])
                seconds, ns = divmod(int(frame["ts_ns"]), 1_000_000_000)
                stream.write(struct.pack("<IIII", seconds, ns, size, int(frame["wirelen"])))
                stream.write(block.buffer[at : at + size].tobytes())
    louder = msgspec.structs.replace(PRESENT, alerts=Alerts(low=0.5, medium=1.0, high=1.5))
    report = rehearse_files(Settings(PRESENT, louder), (str(path),), judge)
    assert (report.kept, report.vanished) == (1, 0)
    replay(PRESENT, (str(path),), ReplayOptions(store=tmp_path / "store"))
    history = History(tmp_path / "store", 0.0, T0_S * 2)
    assert rehearse_store(Settings(PRESENT, louder), history).before == report.before
