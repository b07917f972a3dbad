"""How a conversation went, in the flow record's terms, from Zeek's conn_state and history.

A record keeps endpoint states, from which flows/connstate.py derives conn_state. Here is the way
back: for each conn_state one pair of endpoint states that gives it, and from the letters of the
history the flags that must have been there. Trouble letters (T, G, W) stand for the 1st, 10th,
100th ... occurrence, so counts made of them are lower bounds.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.tcpstate import (
    ACK,
    CLOSED,
    ESTABLISHED,
    FIN,
    INACTIVE,
    LETTERS,
    MAX_HISTORY,
    PARTIAL,
    RESET,
    RST,
    SEEN_ACK,
    SEEN_DATA,
    SEEN_FIN,
    SEEN_FINRST,
    SEEN_MULTI,
    SEEN_RST,
    SEEN_SYN,
    SYN,
    SYN_SENT,
)
from appliance.model.flow import (
    FLOW_DTYPE,
    FLOW_FLIPPED,
    FLOW_HISTORY_CUT,
    FLOW_PARTIAL,
    EndReason,
)

_MAX_KINDS = 4_096  # a log of honest traffic has a few hundred
_TCP, _UDP = 6, 17

# conn_state -> states of the originator and the responder
_ENDPOINTS = {
    "S0": (SYN_SENT, INACTIVE),
    "S1": (ESTABLISHED, ESTABLISHED),
    "SF": (CLOSED, CLOSED),
    "REJ": (SYN_SENT, RESET),
    "S2": (CLOSED, ESTABLISHED),
    "S3": (ESTABLISHED, CLOSED),
    "RSTO": (RESET, ESTABLISHED),
    "RSTR": (ESTABLISHED, RESET),
    "RSTOS0": (RESET, INACTIVE),
    "RSTRH": (INACTIVE, RESET),
    "SH": (CLOSED, INACTIVE),
    "SHR": (INACTIVE, CLOSED),
}
_ENDED = frozenset({"SF", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR"})
_BOTH_SPOKE = frozenset({"SF", "S1", "REJ", "S2", "S3", "RSTO", "RSTR"})
_ONLY_RESPONDER = frozenset({"RSTRH", "SHR"})
# letter -> flag bits, bit of side.seen
_MEANING = {
    "S": (SYN, SEEN_SYN),
    "H": (SYN | ACK, SEEN_SYN),
    "A": (ACK, SEEN_ACK),
    "D": (ACK, SEEN_DATA),
    "F": (FIN | ACK, SEEN_FIN),
    "R": (RST, SEEN_RST),
    "I": (FIN | RST, SEEN_FINRST),
    "Q": (SYN | FIN, SEEN_MULTI),
}
_NOT_OF_AN_ATTEMPT = SEEN_FIN | SEEN_ACK | SEEN_MULTI | SEEN_FINRST


# IP protocol, conn_state ("" unknown), history: what a log says about how a conversation went
Ending = tuple[int, str, str]


class Endings:
    """Makes one template record for each combination met; bounded."""

    def __init__(self) -> None:
        self._known: dict[Ending, int] = {}
        self._templates: NDArray[Any] = np.zeros(256, FLOW_DTYPE)

    def records(self, endings: list[Ending]) -> NDArray[Any]:
        """Return a FLOW_DTYPE array (n,), everything 0 but how the conversations went.

        `packets` is 1 on each side that must have spoken.
        """
        if len(self._known) > _MAX_KINDS:
            self._known.clear()
        known = self._known
        try:
            rows = [known[ending] for ending in endings]
        except KeyError:
            for ending in endings:
                if ending not in known:
                    self._learn(ending)
            rows = [known[ending] for ending in endings]
        return self._templates[rows]

    def _learn(self, ending: Ending) -> None:
        row = len(self._known)
        if row == len(self._templates):
            grown = np.zeros(2 * row, FLOW_DTYPE)
            grown[:row] = self._templates
            self._templates = grown
        self._templates[row] = np.zeros((), FLOW_DTYPE)
        _fill(self._templates[row : row + 1], ending)
        self._known[ending] = row


def _fill(record: NDArray[Any], ending: Ending) -> None:
    proto, state, history = ending
    _spell(record, history)
    orig, resp = record["orig"], record["resp"]
    letters = {letter for letter in history if letter != "^"}
    said = any(letter.isupper() for letter in letters)
    answered = any(letter.islower() for letter in letters)
    orig["packets"] = said or state not in _ONLY_RESPONDER
    resp["packets"] = answered or state in _BOTH_SPOKE or state in _ONLY_RESPONDER
    bits = FLOW_FLIPPED if history.startswith("^") else 0
    bits |= FLOW_HISTORY_CUT if len(history) > MAX_HISTORY else 0
    record["reason"] = EndReason.CLOSED if proto == _TCP and state in _ENDED else EndReason.IDLE
    if proto == _UDP:
        orig["seen"] = SEEN_DATA if "D" in letters else 0
        resp["seen"] = SEEN_DATA if "d" in letters else 0
    if proto == _TCP:
        bits |= 0 if letters & {"S", "h"} else FLOW_PARTIAL
        _fill_tcp(record, ending, answered=answered, said=said)
    record["bits"] = bits


def _fill_tcp(record: NDArray[Any], ending: Ending, *, said: bool, answered: bool) -> None:
    _, state, history = ending
    orig, resp = record["orig"], record["resp"]
    for side, own in ((orig, history), (resp, history.swapcase())):
        side["flags"], side["seen"] = _flags(own)
        side["retrans"] = _times(own.count("T"))
        side["zero_windows"] = min(_times(own.count("W")), 255)
        # A gap is noticed, and written down, by the letter of the side whose data is missing.
        side["gaps"] = _times(own.count("G"))
    unknown = (PARTIAL if said else INACTIVE, PARTIAL if answered else INACTIVE)
    orig["state"], resp["state"] = _ENDPOINTS.get(state, unknown)
    if state == "RSTOS0":
        orig["prev_state"] = SYN_SENT
        orig["seen"] &= ~_NOT_OF_AN_ATTEMPT & 0xFF


def _flags(history: str) -> tuple[int, int]:
    """Return the OR of the flags, and the letters seen, of the side with capital letters."""
    flags = seen = 0
    for letter in history:
        added = _MEANING.get(letter)
        if added is not None:
            flags |= added[0]
            seen |= added[1]
    if seen == SEEN_FIN and not any(letter in history for letter in "SHsh"):
        flags = FIN  # a lone FIN into nothing is a probe; those carry no ACK
    return flags, seen


def _times(letters: int) -> int:
    """Return how often something happened at least: a letter at 1, 10, 100 ..."""
    return 10 ** (min(letters, 7) - 1) if letters else 0


def _spell(record: NDArray[Any], history: str) -> None:
    """Put the letters into the record's two words; unknown ones are left out."""
    words = [0, 0]
    length = 0
    for letter in history:
        code = LETTERS.find(letter.upper())
        if code < 0 or length >= MAX_HISTORY:
            continue
        symbol = code if letter.isupper() or letter == "^" else code + 16
        words[length // 12] |= symbol << 5 * (length % 12)
        length += 1
    record["history_lo"], record["history_hi"] = words
    record["history_len"] = length
