"""Traffic over time and totals, for charts and tiles."""

from appliance.model.views import StoreTotals, TrafficPoint
from appliance.store.files import main_path, segment_path, size_bytes
from appliance.store.flowfilter import microseconds
from appliance.store.rollup import Span
from appliance.store.view import Views

MAX_POINTS = 5_000  # of one answer; a finer step is widened

_POINTS = """SELECT minute * 60 / ?3 * ?3,
sum(external_packets + outbound_packets + inbound_packets + local_packets + non_ip_packets),
sum(external_bytes + outbound_bytes + inbound_bytes + local_bytes + non_ip_bytes),
sum(inbound_bytes), sum(outbound_bytes), sum(local_bytes), sum(tcp_bytes), sum(udp_bytes),
sum(icmp_bytes + other_bytes + non_ip_bytes), sum(new_flows)
FROM traffic_min WHERE minute >= ?1 AND minute < ?2 GROUP BY 1 ORDER BY 1"""


def find_traffic(views: Views, since: float, until: float, step_s: int) -> list[TrafficPoint]:
    """Return sums per step of whole minutes, oldest first; steps without a packet are left out."""
    first, last = microseconds(since) // 60_000_000, -(-microseconds(until) // 60_000_000)
    step_s = max(60, step_s - step_s % 60)
    while (last - first) * 60 > MAX_POINTS * step_s:
        step_s *= 2
    rows = views.main.execute(_POINTS, (first, last, step_s))
    names = TrafficPoint.__struct_fields__
    return [TrafficPoint(**dict(zip(names, row, strict=True))) for row in rows]


def find_totals(views: Views) -> StoreTotals:
    """Return what the store holds."""
    spans: list[Span] = []
    keys = views.segments()
    disk = size_bytes(main_path(views.folder))
    for key in keys:
        disk += size_bytes(segment_path(views.folder, key))
        with views.reading(key) as view:
            spans += view.spans() if view is not None else []
    return StoreTotals(
        flows=sum(span.flows for span in spans),
        bytes=sum(span.bytes for span in spans),
        days=len({key.day for key in keys}),
        segments=len(keys),
        oldest=min((span.first_id for span in spans), default=0) / 1e6,
        newest=max((span.last_id for span in spans), default=0) / 1e6,
        disk_bytes=disk,
        devices=int(views.main.execute("SELECT count(DISTINCT mac) FROM device WHERE mac").get),
    )
