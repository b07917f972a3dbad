"""Flows as detection takes them: made by what happened, not by field."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.tcpstate import ACK, FIN, LETTERS, RST, SYN
from appliance.model.address import parse_address
from appliance.model.contact import MARK_LOCAL
from appliance.model.flow import FLOW_ATTEMPTED, FLOW_DTYPE, Direction, EndReason

T0 = 1_760_000_400.0  # 2025-10-09 09:00 UTC

_INACTIVE, _SYN_SENT, _SYN_ACK_SENT, _PARTIAL, _ESTABLISHED, _CLOSED, _RESET = range(7)
# how a TCP conversation went -> states of both ends, history, flags of the originator
ENDS = {
    "S0": (_SYN_SENT, _INACTIVE, "S", SYN),
    "REJ": (_SYN_SENT, _RESET, "Sr", SYN),
    "S1": (_ESTABLISHED, _ESTABLISHED, "ShA", SYN | ACK),
    "SF": (_CLOSED, _CLOSED, "ShADadFf", SYN | ACK | FIN),
    "RSTO": (_RESET, _ESTABLISHED, "ShR", SYN | RST),
    "RSTR": (_ESTABLISHED, _RESET, "ShAr", SYN | ACK),
    "SH": (_CLOSED, _INACTIVE, "F", FIN | ACK),
    "SYNACK": (_INACTIVE, _ESTABLISHED, "^h", 0),
    "BACK": (_SYN_ACK_SENT, _INACTIVE, "H", SYN | ACK),
    "RST": (_RESET, _INACTIVE, "R", RST),
    "ALIVE": (_PARTIAL, _PARTIAL, "Aa", ACK),
    "OTH": (_PARTIAL, _INACTIVE, "D", ACK),
    "ACK": (_PARTIAL, _RESET, "Ar", ACK),
    "NULL": (_PARTIAL, _RESET, "r", 0),
    "FIN": (_CLOSED, _RESET, "Fr", FIN),
    "LOG": (_SYN_SENT, _INACTIVE, "", 0),  # a log without histories
}
_SEEN = {"S": 1, "H": 1, "F": 2, "R": 4, "D": 8, "A": 16}


@dataclass(frozen=True)
class Talk:
    """One flow record, in words."""

    src: str = "10.0.0.5"
    dst: str = "203.0.113.9"
    dport: int = 443
    proto: int = 6
    how: str = "SF"  # key of ENDS; other protocols: "" answered, "S0" not
    at: float = 0.0  # s after T0
    lasts: float = 1.0
    out: int = 500
    into: int = 1_500
    sport: int = 40_000
    packets: tuple[int, int] = (0, 0)  # (0, 0) = what the rest asks for
    reason: EndReason = EndReason.CLOSED
    attempted: bool = False
    updates: int = 0
    id: int = 0  # 0 = the start


def is_local(text: str) -> bool:
    """Tell whether an address of the tests is at home."""
    return text.startswith(("10.", "192.168.", "fd"))


def direction_of(talk: Talk) -> int:
    """Return the Direction of a flow."""
    kinds = {
        (True, True): Direction.LOCAL,
        (True, False): Direction.OUTBOUND,
        (False, True): Direction.INBOUND,
        (False, False): Direction.EXTERNAL,
    }
    return int(kinds[is_local(talk.src), is_local(talk.dst)])


def counts_of(talk: Talk) -> tuple[int, int, int, int]:
    """Return payload out and in, packets out and in."""
    answered = talk.how not in {"S0", "SH", "BACK", "RST", "OTH", "LOG"}
    said = talk.proto != 6 or talk.how in {"SF", "S1", "OTH"}
    out = talk.out if (said and talk.how != "S0") or talk.proto != 6 else 0
    into = talk.into if answered and said else 0
    packets = talk.packets
    if packets == (0, 0):
        packets = (0 if talk.how == "SYNACK" else 1 + out // 1_000, 1 if answered else 0)
    return out, into, *packets


def _fill_tcp(row: Any, how: str) -> None:
    orig, resp, history, flags = ENDS[how]
    row["orig"]["state"], row["resp"]["state"] = orig, resp
    row["orig"]["flags"] = flags
    if orig == _RESET and history.startswith("S"):
        row["orig"]["prev_state"] = _SYN_SENT
    for place, letter in enumerate(history):
        code = LETTERS.index(letter.upper())
        row["history_lo"] |= np.uint64((code + 16 * letter.islower()) << 5 * place)
        if letter != "^":
            row["orig" if letter.isupper() else "resp"]["seen"] |= _SEEN[letter.upper()]
    row["history_len"] = len(history)


def make_flow(talk: Talk) -> Any:
    """Return the record of a flow."""
    row = np.zeros((), FLOW_DTYPE)
    row["first_ns"] = round((T0 + talk.at) * 1e6) * 1_000
    row["last_ns"] = row["first_ns"] + round(talk.lasts * 1e6) * 1_000
    row["id"] = talk.id or row["first_ns"]
    row["proto"] = talk.proto
    row["reason"] = talk.reason
    row["updates"] = talk.updates
    row["bits"] = FLOW_ATTEMPTED if talk.attempted else 0
    row["direction"] = direction_of(talk)
    row["orig_mac"] = 0x020000000001
    out, into, packets_out, packets_in = counts_of(talk)
    ports = (talk.dport, 0) if talk.proto in {1, 58} else (talk.sport, talk.dport)
    for side, text, port in zip(("orig", "resp"), (talk.src, talk.dst), ports, strict=True):
        row[side]["addr_hi"], row[side]["addr_lo"] = parse_address(text)
        row[side]["port"] = port
    for side, payload, packets in (("orig", out, packets_out), ("resp", into, packets_in)):
        row[side]["payload"] = payload
        row[side]["packets"] = packets
        row[side]["bytes"] = payload + 54 * packets
    if talk.proto == 6:
        _fill_tcp(row, talk.how)
    return row


def make_flows(talks: list[Talk]) -> NDArray[Any]:
    """Return records of flows, FLOW_DTYPE (n,)."""
    return np.array([make_flow(talk) for talk in talks], FLOW_DTYPE)


def make_marks(talks: list[Talk]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return MARK_LOCAL of the ends."""
    orig = [MARK_LOCAL * is_local(talk.src) for talk in talks]
    resp = [MARK_LOCAL * is_local(talk.dst) for talk in talks]
    return np.array(orig, np.uint32), np.array(resp, np.uint32)


def absorb_talks(contacts: Any, talks: list[Talk], per_batch: int = 0) -> list[Any]:
    """Bring flows into tables; return what was said of each batch."""
    said = []
    step = per_batch or max(len(talks), 1)
    for start in range(0, len(talks), step):
        part = talks[start : start + step]
        services = np.zeros(len(part), np.uint8)
        said.append(contacts.absorb(make_flows(part), *make_marks(part), services))
    return said
