"""The judge of everything: what is fed to whom, and what comes out."""

from pathlib import Path

import pytest

from appliance.config.schema import Config, Detect, Intel
from appliance.detect.stage import Detector, Surroundings
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.errors import ConfigError
from appliance.model.flow import FLOW_ATTEMPTED, EndReason, FlowBatch
from appliance.model.meta import DeviceFact
from appliance.model.observation import ArpSeen
from tests.support.flowbatches import T0_S, batch, flow

ENRICHER = Enricher(Config().geoip, HomeNetworks(()))


def make(**sections: object) -> Detector:
    around = Surroundings(ENRICHER.address, lambda _hi, _lo: "", ENRICHER.vendor)
    return Detector(Config(**sections), around)


def scan(count: int = 30, since_s: float = T0_S, **fields: object) -> FlowBatch:
    made = batch(
        flow("192.168.1.5", "192.168.1.9", start_s=since_s + n, duration_s=0.0, dport=100 + n,
             sport=40_000 + n, orig_flags=2, orig_state=1, **fields)
        for n in range(count)
    )  # fmt: skip
    ENRICHER.enrich(made)
    return made


def test_nothing_leads_to_nothing() -> None:
    found = make().take(scan(0), T0_S)
    assert (found.signals, found.windows) == ([], [])
    assert make().observe((), T0_S).signals == []


def test_flows_lead_to_signals_and_are_counted() -> None:
    detector = make()
    found = detector.take(scan(), T0_S + 30)
    assert {signal.rule for signal in found.signals} == {"vertical_scan"}
    said = detector.statistics()
    assert said.flows == 30
    assert said.signals["vertical_scan"] == len(found.signals)


def test_a_rule_that_is_off_says_nothing() -> None:
    detector = make(detect=Detect(off=("vertical_scan",)))
    assert detector.take(scan(), T0_S + 30).signals == []
    assert detector.statistics().signals == {}


def test_constants_can_be_changed_but_not_made_up() -> None:
    strict = make(detect=Detect(weights=("vertical_scan.ports_300_s=31",
                                         "vertical_scan.ports_3600_s=31")))  # fmt: skip
    assert strict.take(scan(), T0_S + 30).signals == []
    with pytest.raises(ConfigError):
        make(detect=Detect(weights=("vertical_scan.ports=1",)))


def test_windows_close_in_their_time_and_at_the_end() -> None:
    detector = make()
    detector.take(scan(3), T0_S + 3)
    assert detector.observe((), T0_S + 599).windows == []
    (window,) = detector.observe((), T0_S + 700).windows
    assert len(window.values) >= 1
    detector.take(scan(3, T0_S + 700), T0_S + 703)
    assert len(detector.flush(T0_S + 704).windows) == 1
    assert detector.statistics().windows == 2


def test_attempts_count_for_fans_and_not_again_when_they_end() -> None:
    twice, once = make(), make()
    tries = scan(12, reason=EndReason.ATTEMPT)
    twice.take(tries, T0_S + 13)
    twice.take(scan(12, reason=EndReason.IDLE, bits=FLOW_ATTEMPTED), T0_S + 60)
    once.take(scan(12), T0_S + 60)
    tables = [detector.statistics().tables for detector in (twice, once)]
    assert tables[0] == tables[1]


def test_devices_are_learnt_from_facts() -> None:
    detector = make()
    fact = DeviceFact(ts_ns=int(T0_S * 1e9), mac=0x3413E8A27D05, addr_lo=0xFFFF_C0A80105,
                      source="dhcp", hostname="anna")  # fmt: skip
    detector.learn_devices([fact])
    assert detector.devices.name_of(0, 0xFFFF_C0A80105) == "anna"


def test_single_packets_reach_those_who_watch_for_them() -> None:
    detector = make()
    asks = [
        ArpSeen(int((T0_S + n / 10) * 1e9), 0x3413E8A27D05, 0xC0A80105, 0xC0A80101 + n, reply=False)
        for n in range(120)
    ]
    found = detector.observe(asks, T0_S + 12)
    assert {signal.kind for signal in found.signals} == {"host_sweep"}


def test_listed_addresses_are_found_also_when_the_list_comes_later(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text("203.0.113.9\n")
    detector = make(intel=Intel(lists=(str(path),)))
    made = batch([flow("192.168.1.5", "203.0.113.9", orig_payload=10, resp_payload=10)])
    ENRICHER.enrich(made)
    found = detector.take(made, T0_S + 1)
    found.signals.extend(detector.observe((), T0_S + 3).signals)
    found.signals.extend(detector.take(scan(1, T0_S + 5), T0_S + 6).signals)
    assert {signal.kind for signal in found.signals} >= {"threat_intel"}
