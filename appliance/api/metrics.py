"""The counters in Prometheus' text format, rendered from one snapshot of the health figures."""

from collections.abc import Callable
from typing import Any

from appliance.api.live import LiveStatistics
from appliance.api.queries import QueryStatistics
from appliance.model.alert import SEVERITIES
from appliance.model.health import DetectionStatistics, Health
from appliance.runtime.metrics import Registry

STATES = ("starting", "running", "degraded", "stopping")

# name, help, field of one entry of Health.interfaces
_INTERFACE_COUNTERS = (
    ("appliance_packets_total", "Frames handed on by an interface.", "frames"),
    ("appliance_bytes_total", "Wire bytes of the frames handed on.", "bytes"),
    ("appliance_interface_dropped_total", "Frames an interface lost.", "dropped"),
    ("appliance_ring_freezes_total", "Times the kernel's ring had no free block.", "ring_freezes"),
    ("appliance_outages_total", "Times an interface went away.", "outages"),
    ("appliance_damaged_records_total", "Records of a file that could not be read.", "damaged"),
)

_COUNTERS: tuple[tuple[str, str, Callable[[Health], float]], ...] = (
    ("appliance_flows_ended_total", "Flows that ended.", lambda h: h.flows_ended),
    ("appliance_flows_evicted_total", "Flows ended early: full table.", lambda h: h.flows_evicted),
    ("appliance_flows_stored_total", "Flows written to the store.", lambda h: h.flows_stored),
    ("appliance_samples_dropped_total", "Samples not dissected.", lambda h: h.samples_dropped),
    ("appliance_clock_steps_total", "Times the system clock was set.", lambda h: h.clock_steps),
    ("process_cpu_seconds_total", "CPU time used, user and system.", lambda h: h.cpu_s),
    ("process_written_bytes_total", "Bytes this process wrote to disk.", lambda h: h.written_bytes),
)

_GAUGES: tuple[tuple[str, str, Callable[[Health], float]], ...] = (
    ("appliance_flows_active", "Flows in the table.", lambda h: h.flows_active),
    ("appliance_flows_capacity", "Flows the table can hold.", lambda h: h.flows_capacity),
    ("appliance_queue_fill_ratio", "Fill of the fullest queue, 0 to 1.", lambda h: h.queue_fill),
    ("appliance_lag_seconds", "Age of the oldest packet still inside.", lambda h: h.lag_s),
    ("appliance_store_bytes", "Size of the store on disk.", lambda h: h.disk_bytes),
    ("process_resident_memory_bytes", "Resident set size.", lambda h: h.rss_bytes),
    ("process_start_time_seconds", "Start, s since the epoch.", lambda h: h.started),
)


def render_metrics(health: Health, queries: QueryStatistics, live: LiveStatistics) -> str:
    """Return every metric as text; the same names whatever the state."""
    registry = Registry()
    _add_identity(registry, health)
    _add_interfaces(registry, health)
    dropped = registry.counter(
        "appliance_dropped_total", "Frames or flows lost, by cause.", labels=("cause",)
    )
    dropped.add(health.dropped_nic, "nic")
    dropped.add(health.dropped_kernel, "kernel")
    dropped.add(health.dropped_queue, "queue")
    rejected = registry.counter(
        "appliance_rejected_total", "Packets in no flow, by reason.", labels=("reason",)
    )
    for reason, count in health.rejected.items():
        rejected.add(count, reason)
    for name, text, read in _COUNTERS:
        registry.counter(name, text).add(read(health))
    for name, text, read in _GAUGES:
        registry.gauge(name, text).put(read(health))
    _add_detection(registry, health.detection)
    _add_own(registry, queries, live)
    return registry.render()


def _add_identity(registry: Registry, health: Health) -> None:
    info = registry.gauge(
        "appliance_info", "Always 1; says who this is.", labels=("version", "sensor")
    )
    info.put(1, health.version, health.sensor)
    state = registry.gauge(
        "appliance_state", "1 for the state the sensor is in.", labels=("state",)
    )
    for name in STATES:
        state.put(int(name == health.state), name)


def _add_interfaces(registry: Registry, health: Health) -> None:
    up = registry.gauge("appliance_interface_up", "1 while frames can come.", labels=("interface",))
    counters = [
        (registry.counter(name, text, labels=("interface",)), field)
        for name, text, field in _INTERFACE_COUNTERS
    ]
    for interface in health.interfaces:
        name = str(interface.get("name", ""))
        up.put(int(bool(interface.get("up", False))), name)
        for counter, field in counters:
            counter.add(_count(interface, field), name)


def _add_detection(registry: Registry, detection: DetectionStatistics) -> None:
    registry.gauge("appliance_detection_enabled", "1 while flows are judged.").put(
        int(detection.enabled)
    )
    registry.gauge("appliance_learning", "1 while nothing counts as new yet.").put(
        int(detection.learning)
    )
    raised = registry.counter(
        "appliance_alerts_total", "Alerts raised, by severity.", labels=("severity",)
    )
    waiting = registry.gauge(
        "appliance_alerts_open", "Alerts that wait for somebody.", labels=("severity",)
    )
    for severity in SEVERITIES:
        raised.add(detection.alerts.get(severity, 0), severity.value)
        waiting.put(detection.open.get(severity, 0), severity.value)
    suppressed = registry.counter(
        "appliance_alerts_suppressed_total", "Alerts not shown, by cause.", labels=("cause",)
    )
    for cause, count in sorted(detection.suppressed.items()):
        suppressed.add(count, cause)
    signals = registry.counter(
        "appliance_signals_total", "Pieces of evidence, by rule.", labels=("rule",)
    )
    for rule, count in sorted(detection.signals.items()):
        signals.add(count, rule)
    registry.counter("appliance_windows_total", "Fingerprints of hosts.").add(detection.windows)
    registry.counter("appliance_judged_total", "Rows the rules looked at.").add(detection.judged)
    registry.gauge("appliance_model_version", "Model in use, 0 none.").put(detection.model)
    _add_tables(registry, detection)


def _add_tables(registry: Registry, detection: DetectionStatistics) -> None:
    used = registry.gauge("appliance_table_used", "Rows in use.", labels=("table",))
    capacity = registry.gauge("appliance_table_capacity", "Rows there are.", labels=("table",))
    evicted = registry.counter(
        "appliance_table_evicted_total", "Rows given up: table full.", labels=("table",)
    )
    for name, table in sorted(detection.tables.items()):
        used.put(table.used, name)
        capacity.put(table.capacity, name)
        evicted.add(table.evicted, name)


def _count(interface: dict[str, Any], field: str) -> int:
    if field == "dropped":
        return _count(interface, "nic_dropped") + _count(interface, "kernel_dropped")
    return int(interface.get(field, 0))


def _add_own(registry: Registry, queries: QueryStatistics, live: LiveStatistics) -> None:
    outcome = registry.counter(
        "appliance_api_queries_total", "Queries to the store, by outcome.", labels=("outcome",)
    )
    outcome.add(queries.answered, "answered")
    outcome.add(queries.failed, "failed")
    outcome.add(queries.refused, "refused")
    registry.gauge("appliance_api_queries_waiting", "Queries under way.").put(queries.waiting)
    registry.gauge("appliance_live_clients", "Dashboards open.").put(live.clients)
    registry.counter("appliance_live_refused_total", "Dashboards turned away.").add(live.refused)
    registry.counter("appliance_live_merged_total", "Live messages merged for slow clients.").add(
        live.merged
    )
    registry.counter("appliance_live_missed_total", "Alerts not sent to slow clients.").add(
        live.missed
    )
