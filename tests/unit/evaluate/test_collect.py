"""What a replay says is kept for its judgement."""

import numpy as np

from appliance.evaluate.collect import FLOW_FEATURES, Collector
from appliance.model.alert import Alert, AlertChange
from appliance.model.contact import HOST_DTYPE
from appliance.model.flow import Direction, EndReason
from appliance.model.window import FEATURES, WindowBatch
from tests.support.flowbatches import T0_S, batch, flow


def alert(name: str, **changes) -> Alert:
    fields = {
        "id": name, "ts": 1.0, "first_seen": 1.0, "last_seen": 2.0, "kind": "port_scan",
        "severity": "low", "confidence": 1.0, "host": "10.0.0.1",
    }  # fmt: skip
    return Alert(**(fields | changes))


def windows(*hosts: tuple[int, int, int], start_s: float = 0.0) -> WindowBatch:
    """hosts : (lo, inside, score in tenths)."""
    rows = np.zeros(len(hosts), HOST_DTYPE)
    rows["lo"] = [host[0] for host in hosts]
    rows["inside"] = [host[1] for host in hosts]
    scores = np.array([host[2] / 10 for host in hosts], np.float32)
    values = np.zeros((len(hosts), len(FEATURES)), np.float32)
    return WindowBatch(start_s, 600.0, rows, values, scores, scores - 1, scores)


def test_flows_that_ended_and_their_features() -> None:
    collector = Collector()
    made = batch([
        flow("10.0.0.1", duration_s=2.0, orig_payload=300, resp_payload=100, orig_packets=3,
             resp_packets=1, sport=5, dport=6, orig_state=1),
        flow(reason=int(EndReason.ACTIVE)),
        flow(reason=int(EndReason.ATTEMPT)),
        flow("8.8.8.8", direction=int(Direction.INBOUND), start_s=T0_S + 5.0),
    ])  # fmt: skip
    made.uids = ["a", "b", "c", "d"]
    collector.take_flows(made)
    collector.take_flows(batch([flow(duration_s=0.0)]))
    flows = collector.flows()
    assert flows.uids == ["a", "d", ""]
    assert flows.from_home.tolist() == [True, False, True]
    assert flows.starts_s.tolist() == [T0_S, T0_S + 5.0, T0_S]
    named = dict(zip(FLOW_FEATURES, flows.features[0].tolist(), strict=True))
    assert named == {
        "bytes": 400, "packets": 4, "duration": 2, "dst_port": 6, "src_port": 5, "protocol": 6,
        "conn_state": 1, "bytes_per_s": 200, "packets_per_s": 2,
    }  # fmt: skip
    assert np.isfinite(flows.features).all()
    assert (collector.first_s, collector.last_s) == (T0_S, T0_S + 5.0)


def test_the_last_word_about_an_alert_counts() -> None:
    collector = Collector()
    collector.take_alert(AlertChange(what="raised", alert=alert("B", ts=5.0)))
    collector.take_alert(AlertChange(what="raised", alert=alert("A", ts=2.0)))
    collector.take_alert(AlertChange(what="escalated", alert=alert("B", ts=5.0, severity="high")))
    collector.take_alert(AlertChange(what="raised", alert=alert("C", ts=9.0)))
    collector.take_alert(AlertChange(what="muted", alert=alert("C", ts=9.0)))
    assert [(a.id, a.severity) for a in collector.alerts()] == [("A", "low"), ("B", "high")]


def test_windows_of_hosts_at_home() -> None:
    collector = Collector()
    assert collector.windows() is None
    collector.take_windows(windows((1, 1, 3), (2, 0, 9)))
    collector.take_windows(windows((1, 1, 5), start_s=600.0))
    found = collector.windows()
    assert found is not None
    assert found.hosts.tolist() == [[0, 1], [0, 1]]
    assert found.starts_s.tolist() == [0.0, 600.0]
    assert found.score.tolist() == np.array([0.3, 0.5], np.float32).tolist()
    assert found.length_s == 600.0


def test_nothing_at_all() -> None:
    collector = Collector()
    assert collector.flows().uids == []
    assert collector.flows().features.shape == (0, len(FLOW_FEATURES))
    assert collector.alerts() == []
