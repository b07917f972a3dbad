"""Stored flows with their names resolved."""

from typing import Any, NamedTuple

import apsw

from appliance.flows.communityid import community_id
from appliance.flows.connstate import STATE_NAMES, history_text
from appliance.model.address import format_address, format_mac, unpack_address
from appliance.model.flow import Direction, EndReason, Tunnel
from appliance.model.views import FlowRow
from appliance.store.columns import COLUMNS, decode
from appliance.store.dictionary import META_FIELDS
from appliance.store.flowfilter import LOCAL, UNKNOWN
from appliance.store.protocols import protocol_name

# One table a statement: SQLite plans a join anew for each value bound.
_FLOW = f"SELECT {', '.join(COLUMNS)} FROM flow WHERE id = ?"  # noqa: S608 - constants
_ADDR = "SELECT ip, place FROM addr WHERE id = ?"
_PLACE = "SELECT country, asn, org, local FROM place WHERE id = ?"
_LINK = "SELECT interface, vlan, src_mac, dst_mac FROM link WHERE id = ?"
_META = f"SELECT {', '.join(META_FIELDS)} FROM meta WHERE id = ?"  # noqa: S608 - constants


class _End(NamedTuple):
    """One end of a flow."""

    packed: bytes
    ip: str
    country: str
    asn: int
    org: str


class FlowRows:
    """Makes FlowRows of one segment; remembers the names it has looked up."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._ends: dict[int, _End] = {}
        self._links: dict[int, tuple[Any, ...]] = {}
        self._metas: dict[int, dict[str, str]] = {}

    def fetch(self, flow_id: int) -> FlowRow | None:
        """Return one flow; None if there is none."""
        row: Any = self._connection.execute(_FLOW, (flow_id,)).fetchone()
        if row is None:
            return None
        numbers = dict(zip(COLUMNS, row, strict=True))
        return _make(
            numbers,
            (self._end(numbers["src"]), self._end(numbers["dst"])),
            self._link(numbers["link"]),
            self._meta(numbers["meta"]),
        )

    def _end(self, number: int) -> _End:
        end = self._ends.get(number)
        if end is None:
            packed, place = self._one(_ADDR, number)
            country, asn, org, local = self._one(_PLACE, place)
            shown = country_text(country, local)
            end = self._ends[number] = _End(packed, address_text(packed), shown, asn, org)
        return end

    def _link(self, number: int) -> tuple[Any, ...]:
        link = self._links.get(number)
        if link is None:
            link = self._links[number] = self._one(_LINK, number)
        return link

    def _meta(self, number: int) -> dict[str, str]:
        meta = self._metas.get(number)
        if meta is None:
            row = self._one(_META, number) if number else ("",) * len(META_FIELDS)
            meta = self._metas[number] = dict(zip(META_FIELDS, row, strict=True))
        return meta

    def _one(self, query: str, number: int) -> tuple[Any, ...]:
        row: Any = self._connection.execute(query, (number,)).fetchone()
        if row is None:  # rows and their dictionary entries are committed together
            raise apsw.CorruptError(f"dictionary entry {number} is missing")
        return tuple(row)


def _make(
    numbers: dict[str, int], ends: tuple[_End, _End], link: tuple[Any, ...], meta: dict[str, str]
) -> FlowRow:
    flow = decode(numbers)
    src, dst = ends
    interface, vlan, src_mac, dst_mac = link
    return FlowRow(
        id=numbers["id"],
        flow_id=str(flow.flow_id),
        start=flow.start / 1e6,
        end=flow.end / 1e6,
        duration=numbers["duration"] / 1e6,
        src_ip=src.ip,
        src_port=flow.src_port,
        dst_ip=dst.ip,
        dst_port=flow.dst_port,
        proto=protocol_name(flow.proto),
        direction=Direction(flow.direction).name.lower(),
        state=STATE_NAMES[flow.state] if flow.state < len(STATE_NAMES) else "",
        history=history_text(numbers["history_lo"], numbers["history_hi"], flow.history_len),
        packets_out=numbers["packets_out"],
        packets_in=numbers["packets_in"],
        bytes_out=numbers["bytes_out"],
        bytes_in=numbers["bytes_in"],
        payload_out=flow.payload_out,
        payload_in=flow.payload_in,
        ip_bytes_out=flow.ip_bytes_out,
        ip_bytes_in=flow.ip_bytes_in,
        flags_out=flow.flags_out,
        flags_in=flow.flags_in,
        rtt_ms=flow.rtt_ms,
        retrans=flow.retrans,
        gaps=flow.gaps,
        size_mean=flow.size_mean,
        size_var=flow.size_var,
        size_min=flow.size_min,
        size_max=flow.size_max,
        iat_mean=flow.iat_mean,
        iat_var=flow.iat_var,
        iat_min=flow.iat_min,
        iat_max=flow.iat_max,
        src_country=src.country,
        dst_country=dst.country,
        src_asn=src.asn,
        src_org=src.org,
        dst_asn=dst.asn,
        dst_org=dst.org,
        src_mac=format_mac(src_mac),
        dst_mac=format_mac(dst_mac),
        vlan=vlan,
        interface=interface,
        tunnel=Tunnel(flow.tunnel).name.lower() if flow.tunnel else "",
        reason=EndReason(flow.reason).name.lower(),
        partial=flow.partial,
        gso=flow.gso,
        community_id=community_id(flow.proto, src.packed, dst.packed, flow.src_port, flow.dst_port),
        **meta,
    )


def address_text(packed: bytes) -> str:
    """Return the text form of 4 or 16 bytes."""
    return format_address(*unpack_address(packed))


def country_text(country: str | None, local: int | None) -> str:
    """Return the ISO code, or what is shown where there is none."""
    return country or (LOCAL if local else UNKNOWN)
