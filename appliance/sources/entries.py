"""Zeek's logs beside conn.log: what their records say about flows, names and devices.

One function a log. Each turns a table into entries in the order of the log.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from appliance.model.address import MAPPED, parse_address
from appliance.model.meta import DeviceFact, FlowMeta
from appliance.model.observation import ArpSeen, DhcpSeen, DnsSeen, Observation
from appliance.sources.conn import parse_mac
from appliance.sources.table import UNSET, Table

MAX_ANSWERS = 16
_MAX_TEXT = 256
_DNS_HEADER_BYTES, _QUESTION_BYTES, _RECORD_BYTES = 12, 6, 12  # RFC 1035: besides the names
_NOT_OF_A_RESOLVER = frozenset({5353, 5355, 137})
_CLIENT_MESSAGES = frozenset({"discover", "request", "decline", "release", "inform"})
_TLS_VERSIONS = {
    "SSLv3": "SSLv3", "TLSv10": "TLSv1.0", "TLSv11": "TLSv1.1", "TLSv12": "TLSv1.2",
    "TLSv13": "TLSv1.3",
}  # fmt: skip

Words = tuple[int, int]


class Lookup(NamedTuple):
    """A client was told which addresses a name has."""

    client: Words
    name: str
    addresses: tuple[Words, ...]


class Entry(NamedTuple):
    """What one record said."""

    ts_ns: int
    uid: str = ""  # of the flow `meta` belongs to
    meta: FlowMeta | None = None
    lookup: Lookup | None = None
    observations: tuple[Observation, ...] = ()
    facts: tuple[DeviceFact, ...] = ()


Reader = Callable[[Table, str], Iterator[Entry]]  # a table, what separates members of a set

_ENDS = ("ts", "uid", "id.orig_h", "id.resp_h", "id.resp_p")


def _rows(table: Table, *names: str) -> Iterable[tuple[str, ...]]:
    return zip(*(table.texts(name) for name in names), strict=True)


def _good(table: Table, times: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield (index, ns) of the records that have a time; the others are counted."""
    for index, ts_ns in enumerate(times):
        if ts_ns != UNSET:
            yield index, ts_ns


def _words(text: str) -> Words | None:
    try:
        return parse_address(text)
    except ValueError:
        return None


def read_dns(table: Table, separator: str) -> Iterator[Entry]:
    """Questions and answers (dns.log). Sizes are those of the shortest form of the message."""
    times = table.times("ts").tolist()
    waits = table.spans("rtt").tolist()
    ports = table.counts("id.resp_p").tolist()
    answers = table.lists("answers", separator)
    rows = list(_rows(table, "uid", "id.orig_h", "id.resp_h", "query", "qtype_name", "rcode_name"))
    for index, ts_ns in _good(table, times):
        uid, client, server, query, kind, rcode = rows[index]
        name = query.lower().rstrip(".")
        meta = FlowMeta(
            dns_query=name[:_MAX_TEXT],
            dns_type=kind,
            dns_rcode=rcode,
            dns_answers=answers[index][:MAX_ANSWERS],
        )
        ends = _words(client), _words(server)
        if ends[0] is None or ends[1] is None or ports[index] in _NOT_OF_A_RESOLVER:
            yield Entry(ts_ns, uid, meta)
            continue
        size = _DNS_HEADER_BYTES + _QUESTION_BYTES + len(name)
        seen = partial(DnsSeen, ts_ns, *ends[0], *ends[1], name, kind)
        observations = [seen("", size)]
        answered_ns = ts_ns + max(waits[index], 0)
        if rcode:
            size += sum(_RECORD_BYTES + len(answer) for answer in answers[index])
            observations.append(seen(rcode, size)._replace(ts_ns=answered_ns))
        found = tuple(filter(_is_useful, map(_words, answers[index][:MAX_ANSWERS])))
        lookup = Lookup(ends[0], name, found) if found else None  # type: ignore[arg-type]
        yield Entry(answered_ns, uid, meta, lookup, tuple(observations))


def _is_useful(words: Words | None) -> bool:
    """Tell whether an answer leads somewhere: blocking resolvers answer 0.0.0.0 or loopback."""
    if words is None:
        return False
    hi, lo = words
    return not (hi == 0 and (lo < 2 or lo == MAPPED or lo >> 24 == MAPPED >> 24 | 127))


def read_ssl(table: Table, _separator: str) -> Iterator[Entry]:
    """TLS handshakes (ssl.log)."""
    times = table.times("ts").tolist()
    rows = list(_rows(table, "uid", "server_name", "version", "next_protocol", "ja4"))
    for index, ts_ns in _good(table, times):
        uid, name, version, protocol, ja4 = rows[index]
        meta = FlowMeta(
            service="tls",
            sni=name[:_MAX_TEXT],
            alpn=protocol[:_MAX_TEXT],
            ja4=ja4[:_MAX_TEXT],
            tls_version=_TLS_VERSIONS.get(version, ""),
        )
        yield Entry(ts_ns, uid, meta)


def read_quic(table: Table, _separator: str) -> Iterator[Entry]:
    """QUIC handshakes (quic.log)."""
    times = table.times("ts").tolist()
    rows = list(_rows(table, "uid", "server_name", "client_protocol"))
    for index, ts_ns in _good(table, times):
        uid, name, protocol = rows[index]
        meta = FlowMeta(service="quic", sni=name[:_MAX_TEXT], alpn=protocol[:_MAX_TEXT])
        yield Entry(ts_ns, uid, meta)


def read_http(table: Table, _separator: str) -> Iterator[Entry]:
    """HTTP requests (http.log)."""
    times = table.times("ts").tolist()
    rows = list(_rows(table, "uid", "method", "host", "uri", "user_agent"))
    for index, ts_ns in _good(table, times):
        uid, method, host, path, agent = rows[index]
        meta = FlowMeta(
            service="http",
            http_method=method[:_MAX_TEXT],
            http_host=host[:_MAX_TEXT],
            http_path=path[:_MAX_TEXT],
            user_agent=agent[:_MAX_TEXT],
        )
        yield Entry(ts_ns, uid, meta)


def read_ssh(table: Table, _separator: str) -> Iterator[Entry]:
    """SSH banners (ssh.log)."""
    times = table.times("ts").tolist()
    rows = list(_rows(table, "uid", "client", "server"))
    for index, ts_ns in _good(table, times):
        uid, client, server = rows[index]
        meta = FlowMeta(service="ssh", ssh_client=client[:255], ssh_server=server[:255])
        yield Entry(ts_ns, uid, meta)


def read_dhcp(table: Table, separator: str) -> Iterator[Entry]:
    """Leases (dhcp.log): one record a transaction; before version 2.6 only acknowledged ones."""
    times = table.times("ts").tolist()
    kinds = table.lists("msg_types", separator)
    uids = table.lists("uids", separator)
    numbers = table.counts("trans_id").tolist()
    rows = list(_rows(table, "uid", "mac", "host_name", "assigned_addr", "assigned_ip"))
    for index, ts_ns in _good(table, times):
        uid, text, hostname, assigned, assigned_before = rows[index]
        mac = parse_mac(text)
        hi, lo = _words(assigned or assigned_before) or (0, 0)
        names = [kind.lower() for kind in kinds[index]] or ["request"]
        uid = uid or next(iter(uids[index]), "")
        number = numbers[index] if numbers[index] != UNSET else zlib.crc32(uid.encode())
        messages = tuple(
            DhcpSeen(ts_ns, mac, mac, number, name, hostname)
            for name in names
            if name in _CLIENT_MESSAGES
        )
        fact = DeviceFact(
            ts_ns=ts_ns, mac=mac, addr_hi=hi, addr_lo=lo, source="dhcp", hostname=hostname
        )
        known = (fact,) if mac and (hostname or lo) else ()
        yield Entry(ts_ns, uid, FlowMeta(service="dhcp"), None, messages, known)


def read_arp(table: Table, _separator: str) -> Iterator[Entry]:
    """ARP packets, as a widespread script of Zeek's users logs them (arp.log)."""
    times = table.times("ts").tolist()
    rows = list(_rows(table, "operation", "src_mac", "orig_hw", "orig_h", "resp_h"))
    for index, ts_ns in _good(table, times):
        operation, source, hardware, sender, target = rows[index]
        ends = _words(sender), _words(target)
        if ends[0] is None or ends[1] is None or ends[0][0] or ends[1][0]:
            continue
        mac, claimed = parse_mac(hardware) or parse_mac(source), ends[0]
        low = claimed[1] & 0xFFFF_FFFF
        seen = ArpSeen(ts_ns, mac, low, ends[1][1] & 0xFFFF_FFFF, operation == "reply")
        fact = DeviceFact(ts_ns=ts_ns, mac=mac, addr_hi=0, addr_lo=claimed[1], source="arp")
        yield Entry(ts_ns, observations=(seen,), facts=(fact,) if mac and low else ())


# kind of log -> fields that matter, reader
READERS: dict[str, tuple[frozenset[str], Reader]] = {
    "dns": (
        frozenset({*_ENDS, "query", "qtype_name", "rcode_name", "answers", "rtt"}), read_dns
    ),
    "ssl": (
        frozenset({"ts", "uid", "server_name", "version", "next_protocol", "ja4"}), read_ssl
    ),
    "quic": (frozenset({"ts", "uid", "server_name", "client_protocol"}), read_quic),
    "http": (frozenset({"ts", "uid", "method", "host", "uri", "user_agent"}), read_http),
    "ssh": (frozenset({"ts", "uid", "client", "server"}), read_ssh),
    "dhcp": (
        frozenset({
            "ts", "uid", "uids", "mac", "host_name", "assigned_addr", "assigned_ip", "msg_types",
            "trans_id",
        }),
        read_dhcp,
    ),
    "arp": (
        frozenset({"ts", "operation", "src_mac", "orig_hw", "orig_h", "resp_h"}), read_arp
    ),
}  # fmt: skip
