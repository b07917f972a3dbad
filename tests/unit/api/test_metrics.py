"""The Prometheus text: names that are promised, values from the health figures."""

import re

import msgspec

from appliance.api.live import LiveStatistics
from appliance.api.metrics import render_metrics
from appliance.api.queries import QueryStatistics
from appliance.model.frame import CaptureStatistics
from appliance.model.health import DetectionStatistics, Health, TableFill

PROMISED = {
    "appliance_packets_total",
    "appliance_bytes_total",
    "appliance_dropped_total",
    "appliance_rejected_total",
    "appliance_flows_active",
    "appliance_flows_capacity",
    "appliance_flows_ended_total",
    "appliance_flows_evicted_total",
    "appliance_flows_stored_total",
    "appliance_lag_seconds",
    "appliance_store_bytes",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "appliance_alerts_total",
    "appliance_alerts_open",
    "appliance_signals_total",
    "appliance_table_used",
    "appliance_table_capacity",
    "appliance_table_evicted_total",
}
LINE = re.compile(r'[a-z_]+(\{[a-z]+="(\\.|[^"\\])*"(,[a-z]+="(\\.|[^"\\])*")*\})? \S+')


def render(health: Health) -> str:
    return render_metrics(health, QueryStatistics(answered=4, refused=2), LiveStatistics(clients=3))


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def full() -> Health:
    interface = {
        "name": 'wl"an\\0\n',
        **msgspec.to_builtins(
            CaptureStatistics(frames=10, bytes=900, nic_dropped=3, kernel_dropped=4, outages=1)
        ),
    }
    return Health(
        state="degraded", interfaces=[interface], dropped_nic=3, dropped_kernel=4, dropped_queue=5,
        rejected={"truncated": 6}, flows_active=7, rss_bytes=8, cpu_s=1.5, lag_s=0.25,
        detection=DetectionStatistics(
            enabled=True, signals={"beacon": 11}, alerts={"high": 12}, open={"low": 13},
            suppressed={"muted": 14}, tables={"fans": TableFill(used=15, capacity=16, evicted=17)},
        ),
    )  # fmt: skip


def test_every_line_is_well_formed_and_every_promised_name_is_there() -> None:
    text = render(full())
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or LINE.fullmatch(line), line
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names >= PROMISED


def test_values_come_from_the_health_figures() -> None:
    found = values(render(full()))
    assert found[r'appliance_packets_total{interface="wl\"an\\0\n"}'] == 10
    assert found[r'appliance_interface_dropped_total{interface="wl\"an\\0\n"}'] == 7
    assert found[r'appliance_interface_up{interface="wl\"an\\0\n"}'] == 1
    assert found['appliance_dropped_total{cause="nic"}'] == 3
    assert found['appliance_dropped_total{cause="kernel"}'] == 4
    assert found['appliance_dropped_total{cause="queue"}'] == 5
    assert found['appliance_rejected_total{reason="truncated"}'] == 6
    assert found['appliance_state{state="degraded"}'] == 1
    assert found['appliance_state{state="running"}'] == 0
    assert found["process_cpu_seconds_total"] == 1.5
    assert found["appliance_lag_seconds"] == 0.25
    assert found['appliance_api_queries_total{outcome="refused"}'] == 2
    assert found["appliance_live_clients"] == 3
    assert found['appliance_signals_total{rule="beacon"}'] == 11
    assert found['appliance_alerts_total{severity="high"}'] == 12
    assert found['appliance_alerts_total{severity="critical"}'] == 0
    assert found['appliance_alerts_open{severity="low"}'] == 13
    assert found['appliance_alerts_suppressed_total{cause="muted"}'] == 14
    assert found['appliance_table_used{table="fans"}'] == 15
    assert found['appliance_table_capacity{table="fans"}'] == 16
    assert found['appliance_table_evicted_total{table="fans"}'] == 17


def test_the_names_do_not_depend_on_the_state() -> None:
    def names(health: Health) -> list[str]:
        return [line for line in render(health).splitlines() if line.startswith("# TYPE")]

    assert names(Health()) == names(full())
