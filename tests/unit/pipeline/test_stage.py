"""What happens to one output, in order: metadata before flows, enrichment before the store."""

from pathlib import Path

import pytest

from appliance.config.schema import GeoIP, Metadata
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.flows.table import TableOutput
from appliance.metadata.stage import MetadataStage
from appliance.model.flow import FlowBatch
from appliance.model.meta import DeviceFact, FlowMeta
from appliance.pipeline.detection import News
from appliance.pipeline.stage import Pipeline, shift_interfaces
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.flowbatches import batch, flow
from tests.support.sources import MemoryStore
from tests.support.tables import feed_table, make_table

A, B = "10.0.0.1", "192.0.2.7"
START_NS = 1_700_000_000 * SECOND
HELLO = b"GET /path HTTP/1.1\r\nHost: example.net\r\nUser-Agent: tester\r\n\r\n"
ARP = bytes.fromhex("0001080006040002 02000000000a 0a000001 02000000000b 0a000002")


@pytest.fixture
def enricher(tmp_path: Path) -> Enricher:
    return Enricher(GeoIP(), HomeNetworks(()), data_dir=tmp_path)


def output() -> TableOutput:
    """Return what a table says about a web request and an ARP reply."""
    table = make_table(Limits(), samples_per_s=10)
    request = f.ipv4((A, B), 6, f.tcp((40_000, 80), f.ACK, 1, 1, HELLO))
    arrivals = [
        Arrival(START_NS, f.ethernet(0x0800, request)),
        Arrival(START_NS + SECOND, f.ethernet(0x0806, ARP)),
    ]
    assert feed_table(table, arrivals) == []
    (last,) = table.flush()
    return last


def test_one_output_goes_through_every_step(enricher: Enricher) -> None:
    store, seen = MemoryStore(), list[FlowBatch]()
    pipeline = Pipeline(MetadataStage(Metadata()), enricher, store, [seen.append])
    pipeline.take(output(), ("eth0",))
    assert store.calls == ["facts", "flows", "traffic"]
    (batch,) = store.batches
    assert seen == [batch]
    assert (len(batch), pipeline.flows, batch.interfaces) == (1, 1, ("eth0",))
    meta = batch.meta[0]
    assert meta is not None
    assert (meta.http_host, meta.user_agent) == ("example.net", "tester")
    assert (batch.orig[0].ip, batch.orig[0].local, batch.resp[0].ip) == (A, True, B)
    assert [fact.mac for fact in store.facts] == [0x02000000000A]
    assert len(store.seconds[0]) == 2


def test_without_metadata_and_store_there_are_still_flows(enricher: Enricher) -> None:
    seen = list[FlowBatch]()
    pipeline = Pipeline(None, enricher, None, [seen.append])
    pipeline.take(output(), ("eth0",))
    assert seen[0].meta == [None]
    assert seen[0].orig[0].ip == A


def test_sinks_are_called_in_their_order_with_what_the_store_has_taken(enricher: Enricher) -> None:
    store, order = MemoryStore(), list[str]()
    sinks = [
        lambda _: order.append(f"first of {len(store.batches)}"),
        lambda _: order.append("second"),
    ]
    Pipeline(None, enricher, store, sinks).take(output(), ("eth0",))
    assert order == ["first of 1", "second"]


def test_nothing_to_say_calls_nobody(enricher: Enricher) -> None:
    store, seen = MemoryStore(), list[FlowBatch]()
    pipeline = Pipeline(MetadataStage(Metadata()), enricher, store, [seen.append])
    pipeline.take(make_table(Limits()).drain(), ())
    assert (store.calls, seen, pipeline.flows) == ([], [], 0)


@pytest.mark.parametrize("by", [0, 3])
def test_interfaces_of_a_second_source_are_numbered_behind_the_first(by: int) -> None:
    shifted = shift_interfaces(output(), by)
    assert set(shifted.flows["interface"].tolist()) == {by}
    assert set(shifted.samples.headers["interface"].tolist()) == {by}


def test_flows_of_a_log_go_through_everything_but_metadata(enricher: Enricher) -> None:
    store = MemoryStore()
    seen: list[FlowBatch] = []
    metadata = MetadataStage(Metadata())
    pipeline = Pipeline(metadata, enricher, store, [seen.append])
    made = batch([flow(A, B, meta=FlowMeta(service="tls")), flow(A, B)])
    made.orig = made.resp = []
    fact = DeviceFact(ts_ns=START_NS, mac=7, source="dhcp", hostname="printer")
    pipeline.take_log(News(made, None, [], [fact]), 1_700_000_000.0)
    assert seen == store.batches == [made]
    assert [address.ip for address in made.orig] == [A, A]
    assert made.meta == [FlowMeta(service="tls"), None]
    assert store.facts == [fact]
    assert pipeline.flows == 2
    pipeline.take_log(News(batch([])), 1_700_000_001.0)
    assert len(seen) == 1
