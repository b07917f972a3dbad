"""DNS messages (RFC 1035), also as spoken by mDNS (RFC 6762) and LLMNR (RFC 4795)."""

import struct
from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import NamedTuple

from appliance.metadata.text import printable
from appliance.model.address import MAPPED

ANSWERS = 16  # records kept of one message
ANNOUNCEMENTS = 64  # the same for mDNS, which tells everything about a host in one message
QUESTIONS = 4  # a response with more is not read past its first question
JUMPS = 32  # pointers followed in one name; each of them can be used by every record
LABELS = 800  # of all records together; pointers make long names of two bytes each
NAME_BYTES = 255  # RFC 1035, 2.3.4
MEMO_ENTRIES = 1_024  # about 1 MB
MEMO_BYTES = 512  # longer messages are hardly ever repeated

A, NS, CNAME, PTR, MX, TXT, AAAA, SRV, DNAME, SVCB, HTTPS = 1, 2, 5, 12, 15, 16, 28, 33, 39, 64, 65

_TYPES = {
    A: "A", NS: "NS", CNAME: "CNAME", 6: "SOA", 10: "NULL", PTR: "PTR", 13: "HINFO", MX: "MX",
    TXT: "TXT", AAAA: "AAAA", 29: "LOC", SRV: "SRV", 35: "NAPTR", DNAME: "DNAME", 41: "OPT",
    43: "DS", 44: "SSHFP", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 52: "TLSA",
    SVCB: "SVCB", HTTPS: "HTTPS", 99: "SPF", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR",
    255: "ANY", 256: "URI", 257: "CAA",
}  # fmt: skip
_RCODES = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
    "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
)  # fmt: skip
# Bytes of the record data before the name in it.
_NAME_AT = {NS: 0, CNAME: 0, PTR: 0, DNAME: 0, MX: 2, SRV: 6, SVCB: 2, HTTPS: 2}

_QUESTIONS: dict[bytes, tuple[str, str, int]] = {}  # bytes of a question -> what it says
_HEADER = struct.Struct(">6H")
_QUESTION = struct.Struct(">HH")
_RECORD = struct.Struct(">HHIH")
_WORDS = struct.Struct(">QQ")


class DamagedNameError(ValueError):
    """A name that cannot be read; never leaves this package."""


class Record(NamedTuple):
    """One resource record whose data can be shown."""

    name: str
    type: int
    ttl_s: int
    value: str  # address, name, or the first string of a TXT
    hi: int  # the address of A and AAAA, else 0, 0
    lo: int


class Message(NamedTuple):
    """What is kept of a message. A damaged or cut one keeps the records before the damage."""

    response: bool
    opcode: int
    rcode: str
    name: str  # of the first question, "" without one
    type: str
    records: tuple[Record, ...]


class Memo:
    """Reads messages; one seen before, transaction id apart, costs a dict lookup."""

    def __init__(self, *, everything: bool) -> None:
        self._everything = everything
        self._known: dict[bytes, Message | None] = {}

    def read(self, data: bytes) -> Message | None:
        """Do as `parse_message` does."""
        key = data[2:]
        try:
            return self._known[key]
        except KeyError:
            pass
        message = parse_message(data, everything=self._everything)
        if len(key) <= MEMO_BYTES:
            if len(self._known) >= MEMO_ENTRIES:
                self._known.clear()
            self._known[key] = message
        return message


def parse_message(data: bytes, *, everything: bool = False) -> Message | None:
    """Read a message; None if its header or first question is damaged.

    Records are those of a response's answer section, or of all three sections if `everything`.
    """
    if len(data) < 12:
        return None
    _, flags, questions, answers, authority, additional = _HEADER.unpack_from(data)
    position, name, kind = 12, "", ""
    records: tuple[Record, ...] = ()
    try:
        if questions:
            name, kind, position = _read_question(data)
    except (DamagedNameError, IndexError, struct.error):
        return None
    count = answers + authority + additional if everything else answers
    response = flags >= 0x8000
    if response and count and questions <= QUESTIONS:
        limit = ANNOUNCEMENTS if everything else ANSWERS
        records = _read_records(data, position, questions - 1, name, min(count, limit))
    return Message(response, flags >> 11 & 15, rcode_name(flags & 15), name, kind, records)


def _read_question(data: bytes) -> tuple[str, str, int]:
    """Return name and type of the first question, and where the bytes after it begin.

    The same few names are asked for all day: their spelling is remembered by their bytes. A zero
    byte inside a label only makes another key.
    """
    key = data[12 : data.find(b"\0", 12) + 5]
    known = _QUESTIONS.get(key)
    if known is None:
        name, position = read_name(data, 12)
        known = name, type_name(_QUESTION.unpack_from(data, position)[0]), position + 4
        if position + 4 == 12 + len(key):  # no pointer, no zero byte: the key is the question
            if len(_QUESTIONS) >= MEMO_ENTRIES:
                _QUESTIONS.clear()
            _QUESTIONS[key] = known
    return known


def read_name(data: bytes, position: int) -> tuple[str, int]:
    """Return the name at `position`, lower-cased, and where the bytes after it begin.

    Dots inside a label and characters that do not print are escaped; the root is ".".
    A pointer must lead to before where its part of the name began, so there is no loop.
    Raises DamagedNameError or IndexError.
    """
    labels: list[bytes] = []
    resume = 0
    start = position
    room, jumps = NAME_BYTES, JUMPS
    while length := data[position]:
        if length < 64:
            room -= length + 1
            if room <= 0:
                raise DamagedNameError
            labels.append(data[position + 1 : position + 1 + length])
            position += length + 1
            continue
        target = (length & 63) << 8 | data[position + 1]
        resume = resume or position + 2
        jumps -= 1
        if length < 192 or target >= start or jumps < 0:
            raise DamagedNameError
        position = start = target
    return _join(labels), resume or position + 1


def type_name(number: int) -> str:
    """Return the usual name of a record type, as RFC 3597 if it has none here."""
    return _TYPES.get(number) or f"TYPE{number}"


def rcode_name(number: int) -> str:
    """Return the usual name of a response code."""
    return _RCODES[number] if number < len(_RCODES) else f"RCODE{number}"


def _join(labels: list[bytes]) -> str:
    raw = b".".join(labels).lower()
    if raw.isascii() and b"\\" not in raw and raw.count(b".") == len(labels) - 1:
        text = raw.decode("ascii")
        if text.isprintable():
            return text
    escaped = (printable(label.lower().replace(b"\\", b"\\\\"), NAME_BYTES) for label in labels)
    return ".".join(label.replace(".", "\\.") for label in escaped) or "."


def _read_records(
    data: bytes, position: int, questions: int, asked: str, count: int
) -> tuple[Record, ...]:
    """Skip the remaining questions and read up to `count` records, as far as they are whole."""
    records: list[Record] = []
    labels = 0
    try:
        for _ in range(questions):
            position = read_name(data, position)[1] + 4
        for _ in range(count):
            if asked and data[position] == 0xC0 and data[position + 1] == 12:
                name, position = asked, position + 2  # nearly every answer
            else:
                name, position = read_name(data, position)
            kind, _, ttl_s, length = _RECORD.unpack_from(data, position)
            position += 10 + length
            if position > len(data):
                break
            if record := _read_data(data, (name, kind, ttl_s), position - length, length):
                records.append(record)
                name += record.value
            labels += name.count(".")
            if labels > LABELS:
                break
    except (DamagedNameError, IndexError, struct.error):
        pass
    return tuple(records)


def _read_data(
    data: bytes, head: tuple[str, int, int], position: int, length: int
) -> Record | None:
    name, kind, ttl_s = head
    raw = data[position : position + length]
    if kind == A and length == 4:
        return Record(name, kind, ttl_s, inet_ntoa(raw), 0, MAPPED | int.from_bytes(raw, "big"))
    if kind == AAAA and length == 16:
        hi, lo = _WORDS.unpack(raw)
        return Record(name, kind, ttl_s, inet_ntop(AF_INET6, raw), hi, lo)
    if (skip := _NAME_AT.get(kind)) is not None and length > skip:
        value, end = read_name(data, position + skip)
        return Record(name, kind, ttl_s, value, 0, 0) if end <= position + length else None
    if kind == TXT and raw:
        return Record(name, kind, ttl_s, printable(raw[1 : 1 + raw[0]], NAME_BYTES), 0, 0)
    return None
