"""The store as training sees it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.config.schema import Store
from appliance.enrich.networks import HomeNetworks
from appliance.model.address import parse_address
from appliance.model.alert import Alert, AlertChange
from appliance.model.contact import SERVICES
from appliance.model.flow import EndReason
from appliance.model.meta import FlowMeta
from appliance.pipeline.stored import StoredHistory
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter
from tests.support.closedwindows import HOSTS, window
from tests.support.flowbatches import T0_S, batch, flow

ALERT = Alert(
    id="A1", ts=T0_S, first_seen=T0_S - 60, last_seen=T0_S + 60, kind="beacon", severity="high",
    confidence=1.0, host="192.168.1.3", state="closed", comment="real: cleaned",
)  # fmt: skip


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoreWriter]:
    made = StoreWriter(tmp_path, Store())
    yield made
    made.close()


@pytest.fixture
def history(tmp_path: Path, writer: StoreWriter) -> Iterator[StoredHistory]:
    reader = StoreReader(tmp_path)
    made = StoredHistory(tmp_path, reader, HomeNetworks(()))
    made.now_s = T0_S + 3_600
    yield made
    reader.close()


def test_windows_are_of_our_hosts_only(writer: StoreWriter, history: StoredHistory) -> None:
    kept = [window(T0_S + at * 600, outside="203.0.113.9") for at in range(3)]
    for one in kept:
        writer.write_windows(one)
    writer.flush()
    found = history.windows(T0_S + 600)
    assert len(found.start_s) == 2 * len(HOSTS)
    assert set(found.start_s.tolist()) == {T0_S + 600, T0_S + 1_200}
    pairs = set(zip(found.hi.tolist(), found.lo.tolist(), strict=True))
    assert pairs == {parse_address(host) for host in HOSTS}


def test_windows_come_back_whole(writer: StoreWriter, history: StoredHistory) -> None:
    kept = window(T0_S, strange=2, outside="203.0.113.9")
    writer.write_windows(kept)
    writer.write_windows(window(T0_S + 600))
    writer.flush()
    first, second = history.newest_windows(T0_S)
    assert (first.start_s, first.length_s, second.start_s) == (T0_S, 600.0, T0_S + 600)
    order = np.lexsort((kept.hosts["lo"], kept.hosts["hi"]))
    back = np.lexsort((first.hosts["lo"], first.hosts["hi"]))
    for name in ("hi", "lo", "inside"):
        assert (first.hosts[name][back] == kept.hosts[name][order]).all()
    assert np.allclose(first.values[back], kept.values[order])
    assert np.allclose(first.evidence[back], kept.evidence[order])


def test_flows_that_go_on_are_left_out(writer: StoreWriter, history: StoredHistory) -> None:
    writer.write(
        batch(
            [
                flow(start_s=T0_S, meta=FlowMeta(service="tls")),
                flow(start_s=T0_S + 1, dport=53),
                flow(start_s=T0_S + 2, reason=EndReason.ACTIVE),
            ]
        )
    )
    writer.flush()
    sample = history.flow_sample(100)
    assert len(sample.flows) == 2
    assert sample.services.tolist() == [SERVICES.index("tls"), 0]
    assert len(history.flow_sample(1).flows) <= 1, "the newest"


def test_bad_spans_are_what_people_called_real(writer: StoreWriter, history: StoredHistory) -> None:
    replace = msgspec.structs.replace
    false = replace(ALERT, id="A2", comment="false: backup")
    waiting = replace(ALERT, id="A3", state="open", comment="")
    writer.write_alerts(
        AlertChange(what="closed", alert=alert) for alert in (ALERT, false, waiting)
    )
    writer.flush()
    (span,) = history.bad_spans(0.0)
    assert (span.hi, span.lo) == parse_address("192.168.1.3")
    assert (span.from_s, span.until_s) == (T0_S - 60, T0_S + 60)


def test_nothing_stored_is_nothing_to_learn_from(history: StoredHistory) -> None:
    assert len(history.windows(0.0).values) == 0
    assert history.newest_windows(0.0) == []
    assert len(history.flow_sample(10).flows) == 0
    assert history.bad_spans(0.0) == []
