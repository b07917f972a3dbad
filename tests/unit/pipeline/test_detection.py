"""From flows to alerts, and who is told."""

from collections.abc import Iterable

from appliance.config.schema import Config
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.model.alert import AlertChange, Family, Mute, Signal
from appliance.model.flow import FLOW_ATTEMPTED, EndReason, FlowBatch
from appliance.model.window import WindowBatch
from appliance.pipeline.assembly import Parts, make_detection
from appliance.pipeline.detection import Detection, News, Outlets, Scorer
from tests.support.flowbatches import T0_S, batch, flow

ENRICHER = Enricher(Config().geoip, HomeNetworks(()))


class Ear:
    """Hears everything, and keeps it."""

    def __init__(self) -> None:
        self.changes: list[AlertChange] = []
        self.windows: list[WindowBatch] = []
        self.written: list[AlertChange] = []

    def take(self, changes: list[AlertChange]) -> None:
        self.changes += changes

    def write_alerts(self, changes: Iterable[AlertChange]) -> None:
        self.written += changes

    def write_windows(self, batch: WindowBatch) -> None:
        self.windows.append(batch)

    def write_mutes(self, mutes: Iterable[Mute], removed: Iterable[int] = ()) -> None:
        raise AssertionError((mutes, removed))


class Opinion:
    """A model to which every flow to one port is a sensation."""

    def __init__(self) -> None:
        self.flows = 0

    def score_flows(self, batch: FlowBatch, now_s: float) -> list[Signal]:
        self.flows += len(batch)
        return [
            Signal(
                ts_s=now_s, first_s=now_s, last_s=now_s, rule="intel_address", kind="threat_intel",
                family=Family.INTEL, host=batch.orig[0], peer=batch.resp[0], weight=3.2,
                sentence="talked to a bad one",
            )
        ]  # fmt: skip

    def score_windows(self, batch: WindowBatch, now_s: float) -> tuple[WindowBatch, list[Signal]]:
        assert now_s
        return batch, []


def make(ear: Ear, scorer: Scorer | None = None) -> Detection:
    outlets = Outlets(ear, (ear.take,), (ear.windows.append,))
    return make_detection(Config(), Parts(ENRICHER, lambda _hi, _lo: "", None, scorer), outlets)


def scan(count: int = 40, *, since_s: float = T0_S, **fields: object) -> FlowBatch:
    """Return tries of one host's ports, one a second, that nobody answers."""
    made = batch(
        flow("192.168.1.5", "192.168.1.9", start_s=since_s + n, duration_s=0.0, dport=100 + n,
             sport=40_000 + n, orig_flags=2, orig_state=1, **fields)
        for n in range(count)
    )  # fmt: skip
    ENRICHER.enrich(made)
    return made


def test_a_scan_is_told_once_and_kept() -> None:
    ear = Ear()
    detection = make(ear)
    detection.take(News(scan()), T0_S + 60)
    (raised,) = [change for change in ear.changes if change.what == "raised"]
    assert (raised.alert.kind, raised.alert.host) == ("port_scan", "192.168.1.5")
    assert ear.written == ear.changes


def test_attempts_are_enough_and_later_records_change_nothing() -> None:
    ear = Ear()
    detection = make(ear)
    detection.take(News(scan(0), scan(reason=EndReason.ATTEMPT)), T0_S + 60)
    detection.take(News(scan(bits=FLOW_ATTEMPTED)), T0_S + 90)
    assert [change.alert.kind for change in ear.changes if change.what == "raised"] == ["port_scan"]


def test_remembering_tells_nobody() -> None:
    ear = Ear()
    detection = make(ear)
    assert detection.remember([scan(), scan(since_s=T0_S + 1_300)]) == 80
    detection.take(News(scan(1, since_s=T0_S + 2_000)), T0_S + 2_000)
    assert [change.what for change in ear.written if change.what == "raised"] == []


def test_windows_close_when_time_goes_on() -> None:
    ear = Ear()
    detection = make(ear)
    detection.take(News(scan(5)), T0_S + 5)
    assert ear.windows == []
    detection.tick(T0_S + 1_300)
    assert len(ear.windows) == 2  # once to the keeper, once to the sink
    detection.tick(T0_S)  # time does not go back
    assert detection.now_s == T0_S + 1_300


def test_the_end_closes_what_is_open() -> None:
    ear = Ear()
    detection = make(ear)
    detection.take(News(scan(5)), T0_S + 5)
    detection.flush()
    assert len(ear.windows) == 2


def test_models_see_every_flow_and_their_signals_count() -> None:
    ear, opinion = Ear(), Opinion()
    make(ear, opinion).take(News(scan(4)), T0_S + 5)
    assert opinion.flows == 4
    assert [change.alert.kind for change in ear.changes] == ["threat_intel"]
