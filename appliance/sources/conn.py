"""Connections of a log as flow records: columns in, FLOW_DTYPE out.

What a log does not say is filled with what is true at least: packets of a direction all of one
size and evenly spaced, so that variances are lower bounds. A frame is its IP packet and an
Ethernet header.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.model.address import parse_address
from appliance.model.flow import FLOW_IPV6, FlowBatch
from appliance.model.meta import FlowMeta
from appliance.sources.endings import Endings
from appliance.sources.table import UNSET, Table

FIELDS = frozenset({
    "ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service",
    "duration", "orig_bytes", "resp_bytes", "conn_state", "missed_bytes", "history", "orig_pkts",
    "orig_ip_bytes", "resp_pkts", "resp_ip_bytes", "vlan", "inner_vlan", "orig_l2_addr",
    "resp_l2_addr", "ip_proto",
})  # fmt: skip

# field -> largest value that can be true
_COUNTS = {
    "id.orig_p": 0xFFFF, "id.resp_p": 0xFFFF, "orig_pkts": 0xFFFF_FFFF, "resp_pkts": 0xFFFF_FFFF,
    "orig_bytes": 1 << 48, "resp_bytes": 1 << 48, "orig_ip_bytes": 1 << 48,
    "resp_ip_bytes": 1 << 48, "vlan": 0xFFFF, "inner_vlan": 0xFFFF,
}  # fmt: skip

_ETHERNET_BYTES = 14
_IPV4_BYTES, _IPV6_BYTES = 20, 40
_MAX_ADDRESSES = 65_536  # remembered as text
_NO_ADDRESS = b"\xff" * 16
_MAPPED_WORD = 0xFFFF
_UNKNOWN_PROTOCOL = 255  # reserved by IANA
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58, "ipv6-icmp": 58, "sctp": 132}
_SERVICES = {"ssl": "tls"}
_DNS_PORTS = {5353: "mdns", 5355: "llmnr"}
_IDS = 1_000_000  # flows that begin in the same microsecond get ids of their own up to this many


class ConnReader:
    """Turns tables of connections into batches.

    home : HomeNetworks.array(); says which direction a flow has
    """

    def __init__(self, home: NDArray[np.uint64], interfaces: tuple[str, ...]) -> None:
        self._home = home
        self._interfaces = interfaces
        self._endings = Endings()
        self._addresses = Addresses()
        self._taken = 0

    def read(self, table: Table) -> FlowBatch:
        """Return the good records of a table; the others are counted in it."""
        starts, orig, resp = self._read_ends(table)
        counts = {name: self._read_count(table, name, most) for name, most in _COUNTS.items()}
        spans = np.maximum(table.spans("duration"), 0)
        protocols = self._protocols(table, orig)
        flows = self._endings.records(
            list(
                zip(
                    protocols.tolist(),
                    table.texts("conn_state"),
                    table.texts("history"),
                    strict=True,
                )
            )
        )
        flows["proto"] = protocols
        flows["first_ns"], flows["last_ns"] = starts, starts + spans
        _fill_side(flows, "orig", orig, counts)
        _fill_side(flows, "resp", resp, counts)
        flows["vlan"] = np.maximum(counts["vlan"], 0)
        flows["inner_vlan"] = np.maximum(counts["inner_vlan"], 0)
        _fill_moments(flows)
        flows["direction"] = self._directions(orig, resp)
        return self._pick(table, flows)

    def _read_count(self, table: Table, name: str, most: int) -> NDArray[np.int64]:
        values = table.counts(name)
        table.reject(name, values > most)
        return np.minimum(values, most)

    def _read_ends(self, table: Table) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
        starts = table.times("ts")
        table.reject("ts", starts == UNSET)
        ends = []
        for name in ("id.orig_h", "id.resp_h"):
            words, known = self._addresses.resolve(table.texts(name))
            table.reject(name, ~known)
            ends.append(words)
        return starts, ends[0], ends[1]

    def _protocols(self, table: Table, orig: NDArray[Any]) -> NDArray[np.uint8]:
        names = table.raw("proto")
        codes = np.array([_PROTOCOLS.get(name, _UNKNOWN_PROTOCOL) for name in names], np.uint8)
        numbers = table.counts("ip_proto")
        known = (codes == _UNKNOWN_PROTOCOL) & (numbers >= 0) & (numbers <= 255)
        codes = np.where(known, numbers, codes).astype(np.uint8)
        return np.where((codes == 1) & is_ipv6(orig), 58, codes).astype(np.uint8)

    def _directions(self, orig: NDArray[Any], resp: NDArray[Any]) -> NDArray[np.uint8]:
        inside = [find_home(self._home, words) for words in (orig, resp)]
        return inside[0].astype(np.uint8) + 2 * inside[1].astype(np.uint8)

    def _pick(self, table: Table, flows: NDArray[Any]) -> FlowBatch:
        uids = table.texts("uid")
        services = table.raw("service")
        macs = [table.raw(name) for name in ("orig_l2_addr", "resp_l2_addr")]
        for side, column in zip(("orig_mac", "resp_mac"), macs, strict=True):
            if any(column):
                flows[side] = [parse_mac(text) for text in column]
        metas = _metas(services, flows)
        if table.bad.any():
            good = np.flatnonzero(~table.bad)
            flows = flows[good]
            uids = [uids[i] for i in good.tolist()]
            metas = [metas[i] for i in good.tolist()]
        numbers = np.arange(self._taken, self._taken + len(flows))
        self._taken += len(flows)
        flows["id"] = flows["first_ns"] + numbers % _IDS
        batch = FlowBatch(flows, self._interfaces)
        batch.meta, batch.uids = metas, uids
        return batch


class Addresses:
    """Texts of addresses as words; remembers them, bounded."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def resolve(self, texts: list[str]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return uint64 (n, 2), hi and lo, and which texts are addresses at all."""
        known = self._known
        try:
            packed = b"".join([known[text] for text in texts])
        except KeyError:
            if len(known) > _MAX_ADDRESSES:
                known.clear()
            for text in texts:
                if text not in known:
                    known[text] = _pack(text)
            packed = b"".join([known[text] for text in texts])
        words = np.frombuffer(packed, "<u8").reshape(-1, 2)
        return words, words[:, 0] != np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def _pack(text: str) -> bytes:
    try:
        hi, lo = parse_address(text)
    except ValueError:
        return _NO_ADDRESS
    return hi.to_bytes(8, "little") + lo.to_bytes(8, "little")


def is_ipv6(words: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which addresses, uint64 (n, 2), are no mapped IPv4 addresses."""
    wide: NDArray[np.bool_] = (words[:, 0] != 0) | (words[:, 1] >> np.uint64(32) != _MAPPED_WORD)
    return wide


def find_home(home: NDArray[np.uint64], words: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which addresses, uint64 (n, 2), are in a home network.

    home : uint64 (k, 4): hi_mask, lo_mask, hi_value, lo_value
    """
    inside = np.zeros(len(words), np.bool_)
    hi, lo = words[:, 0], words[:, 1]
    for row in home:
        inside |= (lo & row[1] == row[3]) & (hi & row[0] == row[2])
    return inside


def parse_mac(text: str | None) -> int:
    """Return 48 bits; 0 for what is no MAC address."""
    digits = (text or "").replace(":", "").replace("-", "")
    try:
        return int(digits, 16) if len(digits) == 12 else 0
    except ValueError:
        return 0


def _fill_side(
    flows: NDArray[Any], name: str, words: NDArray[Any], counts: dict[str, NDArray[np.int64]]
) -> None:
    """Set a side's address, port, packets and bytes; what is UNSET comes from the rest."""
    side = flows[name]
    six = is_ipv6(words)
    side["addr_hi"], side["addr_lo"] = words[:, 0], words[:, 1]
    flows["bits"] |= np.where(six, FLOW_IPV6, 0).astype(np.uint16)
    side["port"] = np.maximum(counts[f"id.{name}_p"], 0)
    packets, payload = counts[f"{name}_pkts"], counts[f"{name}_bytes"]
    packets = np.where(packets == UNSET, side["packets"], packets)
    proto = flows["proto"]
    ip_header = np.where(six, _IPV6_BYTES, _IPV4_BYTES)
    headers = ip_header + np.where(proto == 6, 20, 8)
    # A log gives no bytes for a single packet. Behind a header of fixed size they can be told.
    fixed = (proto == 17) | (proto == 1) | (proto == 58)
    ip_bytes = counts[f"{name}_ip_bytes"]
    told = np.where(fixed & (ip_bytes > 0), np.maximum(ip_bytes - packets * headers, 0), 0)
    payload = np.where(payload == UNSET, told, payload)
    ip_bytes = np.where(ip_bytes == UNSET, payload + packets * headers, ip_bytes)
    side["packets"] = packets
    side["payload"], side["ip_bytes"] = payload, ip_bytes
    side["bytes"] = ip_bytes + packets * _ETHERNET_BYTES


def _fill_moments(flows: NDArray[Any]) -> None:
    """Set sizes and gaps as if packets of a direction were alike and came evenly."""
    sizes, sums = [], np.zeros(len(flows))
    for name in ("orig", "resp"):
        packets = flows[name]["packets"].astype(np.float64)
        size = flows[name]["bytes"] / np.maximum(packets, 1)
        sums += size * size * packets
        sizes.append(np.where(packets > 0, size, np.nan))
    flows["size_sumsq"] = sums
    flows["size_min"] = np.nan_to_num(np.fmin(*sizes)).clip(0, 0xFFFF)
    flows["size_max"] = np.nan_to_num(np.fmax(*sizes)).clip(0, 0xFFFF)
    total = flows["orig"]["packets"].astype(np.int64) + flows["resp"]["packets"]
    span_s = (flows["last_ns"] - flows["first_ns"]) / 1e9
    gap_s = np.where(total > 1, span_s / np.maximum(total - 1, 1), 0)
    flows["iat_sumsq"] = gap_s * gap_s * np.maximum(total - 1, 0)
    flows["iat_min_us"] = flows["iat_max_us"] = (gap_s * 1e6).clip(0, 0xFFFF_FFFE)


def _metas(services: Any, flows: NDArray[Any]) -> list[FlowMeta | None]:
    if not any(services):
        return [None] * len(flows)
    ports = flows["resp"]["port"].tolist()
    return [
        FlowMeta(service=_service(service, port)) if service else None
        for service, port in zip(services, ports, strict=True)
    ]


def _service(name: str, port: int) -> str:
    if name == "dns":
        return _DNS_PORTS.get(port, name)
    return _SERVICES.get(name, name)
