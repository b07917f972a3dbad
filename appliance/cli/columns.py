"""What the tables show of a flow, a host, and the sensor's health."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from appliance.cli.output import Column, Row, clean

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def format_bytes(count: float) -> str:
    """Return "999 B", "1.2 kB": powers of a thousand, as network gear counts."""
    unit = 0
    while count >= 999.5 and unit < len(_UNITS) - 1:
        count /= 1_000
        unit += 1
    digits = 1 if unit and count < 99.95 else 0
    return f"{count:.{digits}f} {_UNITS[unit]}"


def format_time(seconds: float) -> str:
    """Return local date and time to the second."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def format_duration(seconds: float) -> str:
    """Return "0.120 s", "75 s", "2 h 5 min" or "3 d 4 h"."""
    if seconds < 10:
        return f"{seconds:.3f} s"
    if seconds < 600:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60 * 48:
        return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"{minutes // 1_440} d {minutes // 60 % 24} h"


def _end(row: Row, side: str) -> str:
    ip, port = row[f"{side}_ip"], row[f"{side}_port"]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


FLOW_COLUMNS = (
    Column("TIME", lambda row: format_time(row["end"]), rank=2),
    Column("SOURCE", lambda row: _end(row, "src"), least=21),
    Column("DESTINATION", lambda row: _end(row, "dst"), least=21),
    Column("PROTO", lambda row: row["proto"]),
    Column("STATE", lambda row: row["state"], rank=5),
    Column("OUT", lambda row: format_bytes(row["bytes_out"]), right=True, rank=1),
    Column("IN", lambda row: format_bytes(row["bytes_in"]), right=True, rank=1),
    Column("DURATION", lambda row: format_duration(row["duration"]), right=True, rank=6),
    Column("SERVICE", lambda row: row["service"], rank=4),
    Column("COUNTRY", lambda row: f"{row['src_country']} > {row['dst_country']}", rank=7),
    Column("NAME", lambda row: row["name"], least=12, rank=3),
)

HOST_COLUMNS = (
    Column("ADDRESS", lambda row: row["ip"]),
    Column("NAME", lambda row: row["name"], least=12, rank=1),
    Column("LAST SEEN", lambda row: format_time(row["last_seen"]), rank=3),
    Column("FLOWS", lambda row: str(row["flows"]), right=True),
    Column("SENT", lambda row: format_bytes(row["bytes_out"]), right=True),
    Column("RECEIVED", lambda row: format_bytes(row["bytes_in"]), right=True),
    Column("COUNTRY", lambda row: row["country"], rank=4),
    Column("ORGANISATION", lambda row: row["org"], least=12, rank=5),
    Column("MAC", lambda row: row["mac"], rank=6),
    Column("VENDOR", lambda row: row["vendor"], least=8, rank=7),
)


def describe_health(health: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of `appliance status`; what the daemon did not tell is left out."""
    for title, text in _health_pairs(health):
        yield f"{title:<12}{clean(text)}"


def _health_pairs(health: dict[str, Any]) -> Iterator[tuple[str, str]]:
    def figure(name: str) -> Any:
        return health.get(name) or 0

    yield "state", str(health["state"])
    for reason in health.get("reasons", []):
        yield "", str(reason)
    yield "version", str(health.get("version", ""))
    yield "sensor", str(health.get("sensor", ""))
    if figure("started"):
        up_s = max(0.0, figure("now") - figure("started"))
        yield "up", f"{format_duration(up_s)}, since {format_time(figure('started'))}"
    for interface in health.get("interfaces", []):
        state = "up" if interface.get("up") else f"down: {interface.get('error') or 'unknown'}"
        yield "interface", f"{interface.get('name', '?')} {state}"
    yield "packets", f"{figure('packets'):,} ({format_bytes(figure('bytes'))})"
    drops = ", ".join(
        f"{figure(name):,} {place}"
        for name, place in (
            ("dropped_nic", "network card"),
            ("dropped_kernel", "kernel"),
            ("dropped_queue", "queue"),
            ("samples_dropped", "samples"),
        )
    )
    yield "dropped", drops
    yield (
        "flows",
        (
            f"{figure('flows_active'):,} of {figure('flows_capacity'):,} active, "
            f"{figure('flows_ended'):,} ended, {figure('flows_evicted'):,} evicted, "
            f"{figure('flows_stored'):,} stored"
        ),
    )
    yield "lag", f"{figure('lag_s'):.1f} s, queue {figure('queue_fill'):.0%} full"
    yield "memory", format_bytes(figure("rss_bytes"))
    yield "cpu", format_duration(figure("cpu_s"))
    disk, written = format_bytes(figure("disk_bytes")), format_bytes(figure("written_bytes"))
    yield "disk", f"{disk}, {written} written"
