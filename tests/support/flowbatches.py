"""FlowBatches without packets: single flows by field, and a network with habits."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.model.address import Address, parse_address
from appliance.model.flow import FLOW_DTYPE, Direction, EndReason, FlowBatch
from appliance.model.health import TRAFFIC_DTYPE
from appliance.model.meta import FlowMeta

T0_S = 1_760_000_400  # 2025-10-09 09:00 UTC, start of a ten-minute bucket

_known: dict[str, Address] = {}


def address(text: str, country: str = "", **fields: Any) -> Address:
    """Return a new Address; 10/8 and 192.168/16 are local."""
    made = Address(*parse_address(text))
    made.local = text.startswith(("10.", "192.168.", "fd"))
    made.country = country
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def flow(
    src: Address | str = "10.0.0.1",
    dst: Address | str = "192.0.2.1",
    *,
    start_s: float = T0_S,
    duration_s: float = 1.0,
    sport: int = 40_000,
    dport: int = 443,
    proto: int = 6,
    meta: FlowMeta | None = None,
    **fields: Any,
) -> tuple[NDArray[Any], Address, Address, FlowMeta | None]:
    """Return one flow. fields : of FLOW_DTYPE; those of a side as orig_x and resp_x."""
    row = np.zeros((), FLOW_DTYPE)
    ends = [end if isinstance(end, Address) else address(end) for end in (src, dst)]
    row["first_ns"] = round(start_s * 1e6) * 1_000
    row["last_ns"] = row["first_ns"] + round(duration_s * 1e6) * 1_000
    row["id"] = row["first_ns"]
    row["proto"] = proto
    row["reason"] = EndReason.IDLE
    row["direction"] = Direction.OUTBOUND
    for side, end, port in zip(("orig", "resp"), ends, (sport, dport), strict=True):
        row[side]["addr_hi"], row[side]["addr_lo"] = end.hi, end.lo
        row[side]["port"] = port
        row[side]["packets"], row[side]["bytes"], row[side]["ip_bytes"] = 1, 100, 86
    for name, value in fields.items():
        side, _, rest = name.partition("_")
        if side in {"orig", "resp"} and rest != "mac":
            row[side][rest] = value
        else:
            row[name] = value
    return row, ends[0], ends[1], meta


def batch(
    flows: Iterable[tuple[NDArray[Any], Address, Address, FlowMeta | None]],
    interfaces: tuple[str, ...] = ("eth0",),
) -> FlowBatch:
    """Return a batch of what `flow` made."""
    made = list(flows)
    result = FlowBatch(np.array([row for row, *_ in made], FLOW_DTYPE), interfaces)
    result.orig = [src for _, src, _, _ in made]
    result.resp = [dst for _, _, dst, _ in made]
    result.meta = [meta for *_, meta in made]
    return result


def seconds(*rows: tuple[int, int, int]) -> NDArray[Any]:
    """Return TRAFFIC_DTYPE rows of (second, outbound packets, outbound bytes), all of it TCP."""
    made = np.zeros(len(rows), TRAFFIC_DTYPE)
    for row, (second, packets, size) in zip(made, rows, strict=True):
        row["second"] = second
        row["packets"][Direction.OUTBOUND] = packets
        row["bytes"][Direction.OUTBOUND] = size
        row["tcp_bytes"] = size
    return made


class Network:
    """Some sixty hosts that talk to thousands of others, as a household or a small office does.

    The same seed gives the same flows.
    """

    def __init__(self, seed: int = 1, locals_: int = 60, remotes: int = 8_000) -> None:
        """Draw the hosts and their names."""
        self._random = np.random.default_rng(seed)
        self._locals = [
            address(f"192.168.{1 + index // 250}.{1 + index % 250}") for index in range(locals_)
        ]
        self._remotes = [self._remote(index) for index in range(remotes)]
        self._names = [f"host{index}.example{index % 700}.net" for index in range(2_500)]
        self._macs = 0x020000000000 + np.arange(locals_, dtype=np.uint64)
        self._count = 0

    def flows(self, count: int, since_s: float, until_s: float) -> FlowBatch:
        """Return flows that end between two times, in the order a flow table gives them."""
        rng = self._random
        rows = np.zeros(count, FLOW_DTYPE)
        kind = rng.random(count)  # < 0.45 TLS, < 0.55 other TCP, < 0.9 DNS, else UDP and ICMP
        tcp, dns = kind < 0.55, (kind >= 0.55) & (kind < 0.9)
        src = _zipf(rng, len(self._locals), count)
        dst = np.where(dns, 0, _zipf(rng, len(self._remotes), count))
        self._fill_times(rows, tcp, since_s, until_s)
        rows["proto"] = np.where(tcp, 6, np.where(kind < 0.97, 17, 1))
        rows["direction"] = Direction.OUTBOUND
        rows["reason"] = np.where(tcp & (kind < 0.4), EndReason.CLOSED, EndReason.IDLE)
        self._fill_sides(rows, tcp, dns)
        rows["orig_mac"], rows["resp_mac"] = self._macs[src], 0x02AABBCCDDEE
        rows["orig"]["port"] = rng.integers(32_768, 60_999, count)
        rows["resp"]["port"] = np.where(kind < 0.5, 443, np.where(dns, 53, 8_080))
        result = FlowBatch(rows, ("eth0",))
        result.orig = [self._locals[index] for index in src.tolist()]
        result.resp = [self._remotes[index] for index in dst.tolist()]
        for side, ends in (("orig", result.orig), ("resp", result.resp)):
            rows[side]["addr_hi"] = [end.hi for end in ends]
            rows[side]["addr_lo"] = [end.lo for end in ends]
        name = _zipf(rng, len(self._names), count)
        result.meta = self._metas(kind, src, name)
        return result

    def _remote(self, index: int) -> Address:
        countries = ("US", "DE", "NL", "GB", "FR", "CN", "RU", "JP", "BR", "SE")
        text = f"{20 + index % 180}.{index // 180}.{index % 253}.{1 + index % 250}"
        network = index % 400
        return address(
            text, countries[network % 10], asn=1_000 + network, org=f"Example Network {network}"
        )

    def _fill_times(
        self, rows: NDArray[Any], tcp: NDArray[np.bool_], since_s: float, until_s: float
    ) -> None:
        """Set the times. Flows end in the order of their timeouts, not of their last packets."""
        rng, count = self._random, len(rows)
        seen_ns = np.sort(rng.uniform(since_s * 1e9, until_s * 1e9, count)).astype(np.int64)
        silent_ns = np.where(tcp, np.where(rng.random(count) < 0.7, 5, 60), 30) * 1_000_000_000
        rows["last_ns"] = seen_ns - silent_ns
        duration = (rng.lognormal(-1.5, 2.0, count) * 1e9).astype(np.int64)
        rows["first_ns"] = rows["last_ns"] - np.minimum(duration, 290_000_000_000)
        numbers = np.arange(self._count, self._count + count)
        self._count += count
        rows["id"] = rows["first_ns"] + numbers % 1_000

    def _fill_sides(
        self, rows: NDArray[Any], tcp: NDArray[np.bool_], dns: NDArray[np.bool_]
    ) -> None:
        rng, count = self._random, len(rows)
        for side, mean in (("orig", 1.8), ("resp", 2.0)):
            packets = np.where(dns, 1, 1 + rng.lognormal(mean, 0.9, count)).astype(np.int64)
            per_packet = np.where(dns, 60, rng.integers(20, 900, count))
            header = np.where(tcp, 52, 28)
            rows[side]["packets"] = packets
            rows[side]["payload"] = per_packet * packets
            rows[side]["ip_bytes"] = (per_packet + header) * packets
            rows[side]["bytes"] = (per_packet + header + 14) * packets
            rows[side]["flags"] = np.where(tcp, 0x1B, 0)
            rows[side]["state"] = np.where(tcp, 5, 0)
        total = rows["orig"]["packets"].astype(np.int64) + rows["resp"]["packets"]
        rows["size_min"] = 66
        rows["size_max"] = np.where(total > 6, 1_514, 500)
        rows["size_sumsq"] = total * 300_000.0
        duration_us = (rows["last_ns"] - rows["first_ns"]) // 1_000
        rows["iat_min_us"] = np.where(total == 2, duration_us, duration_us // (3 * total))
        rows["iat_max_us"] = np.where(total == 2, duration_us, duration_us // 2)
        rows["iat_sumsq"] = (duration_us / 1e6) ** 2 / total
        rows["syn_rtt_us"] = np.where(tcp, rng.integers(500, 90_000, count), 0)
        rows["ack_rtt_us"] = np.where(tcp, rng.integers(50, 3_000, count), 0)
        rows["history_lo"] = np.where(tcp, rng.choice(_HISTORIES, count), 0x21)
        rows["history_len"] = np.where(tcp, 8, 2)

    def _metas(
        self, kind: NDArray[np.float64], src: NDArray[np.int64], name: NDArray[np.int64]
    ) -> list[FlowMeta | None]:
        metas: list[FlowMeta | None] = []
        for value, host, number in zip(kind.tolist(), src.tolist(), name.tolist(), strict=True):
            text = self._names[number]
            if value < 0.4:
                ja4 = f"t13d15{10 + host % 6}h2_8daaf6152771_02713d6af8{host % 6}2"
                metas.append(FlowMeta(service="tls", name=text, sni=text, alpn="h2", ja4=ja4))
            elif 0.55 <= value < 0.9:
                metas.append(
                    FlowMeta(
                        service="dns",
                        dns_query=text,
                        dns_type="A",
                        dns_rcode="NOERROR",
                        dns_answers=(f"203.0.113.{number % 250}", f"198.51.100.{number % 99}"),
                    )
                )
            elif value < 0.5:
                metas.append(FlowMeta(name=text))
            else:
                metas.append(None)
        return metas


# eight letters of five bits each, the lowest first
_HISTORIES: Sequence[int] = [
    sum((letter % 8 | 16 * (letter % 2)) << 5 * place for place, letter in enumerate(letters))
    for letters in ([number, 1, 2, 3, number // 8, 5, 6, 7] for number in range(40))
]


def _zipf(rng: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    """Return indices below size, the low ones much more often."""
    weights = 1.0 / np.arange(1, size + 1) ** 1.1
    edges = np.cumsum(weights)
    return np.searchsorted(edges, rng.random(count) * edges[-1]).clip(0, size - 1)
