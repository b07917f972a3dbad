"""Zeek's thirteen conn_state values and the history string, from what the kernels recorded."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.tcpstate import (
    CLOSED,
    ESTABLISHED,
    INACTIVE,
    LETTERS,
    PARTIAL,
    RESET,
    SEEN_ACK,
    SEEN_FIN,
    SEEN_FINRST,
    SEEN_MULTI,
    SYN_ACK_SENT,
    SYN_SENT,
)

STATE_NAMES = (
    "OTH", "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR",
)  # fmt: skip
_CODE = {name: code for code, name in enumerate(STATE_NAMES)}


def conn_state(orig: int, resp: int, payload: int, *, attempt: bool = True) -> str:
    """Return the conn_state of a TCP conversation from its two endpoint states.

    payload : bytes both ways; a RST from both ends without any is a rejection
    attempt : what the originator reset was a SYN of its own, nothing further; otherwise a RST
        without an answer says nothing
    """
    orig_silent = orig in {INACTIVE, PARTIAL}
    resp_silent = resp in {INACTIVE, PARTIAL}
    rejected = orig in {SYN_SENT, SYN_ACK_SENT} or (orig == RESET and payload == 0)
    state = "OTH"
    if resp == RESET:
        state = "REJ" if rejected else "RSTRH" if orig_silent else "RSTR"
    elif orig == RESET:
        state = "RSTO" if not resp_silent else "RSTOS0" if attempt else "OTH"
    elif orig == CLOSED and resp == CLOSED:
        state = "SF"
    elif orig == CLOSED:
        state = "SH" if resp_silent else "S2"
    elif resp == CLOSED:
        state = "SHR" if orig_silent else "S3"
    elif orig == SYN_SENT and resp == INACTIVE:
        state = "S0"
    elif orig == ESTABLISHED and resp == ESTABLISHED:
        state = "S1"
    return state


# [orig, resp, has payload] -> code
_TCP = np.array(
    [[[_CODE[conn_state(o, r, p)] for p in (0, 1)] for r in range(7)] for o in range(7)],
    dtype=np.uint8,
)


def state_codes(flows: NDArray[Any]) -> NDArray[np.uint8]:
    """Return indices into STATE_NAMES.

    flows : FLOW_DTYPE (n,)
    returns : uint8 (n,)
    """
    orig, resp = flows["orig"], flows["resp"]
    payload = (orig["payload"] + resp["payload"] > 0).astype(np.uint8)
    codes = _TCP[orig["state"], resp["state"], payload]
    further = orig["seen"] & (SEEN_FIN | SEEN_ACK | SEEN_MULTI | SEEN_FINRST) != 0
    no_attempt = (orig["prev_state"] != SYN_SENT) | further
    codes = np.where((codes == _CODE["RSTOS0"]) & no_attempt, _CODE["OTH"], codes)
    proto = flows["proto"]
    asked = orig["packets"] > 0
    answered = resp["packets"] > 0
    udp = np.where(
        asked,
        np.where(answered, _CODE["SF"], _CODE["S0"]),
        np.where(answered, _CODE["SHR"], _CODE["OTH"]),
    )
    codes = np.where(proto == 6, codes, np.where(proto == 17, udp, _CODE["OTH"]))
    return codes.astype(np.uint8)


def states(flows: NDArray[Any]) -> list[str]:
    """Return the conn_state of each flow."""
    return [STATE_NAMES[code] for code in state_codes(flows).tolist()]


def history_text(lo: int, hi: int, length: int) -> str:
    """Spell a history; capital letters are the originator's."""
    letters = []
    for k in range(length):
        symbol = (lo >> 5 * k if k < 12 else hi >> 5 * (k - 12)) & 31
        letter = LETTERS[symbol & 15]
        letters.append(letter.lower() if symbol & 16 else letter)
    return "".join(letters)


def histories(flows: NDArray[Any]) -> list[str]:
    """Return the history of each flow."""
    known: dict[tuple[int, int, int], str] = {}
    keys = zip(
        flows["history_lo"].tolist(),
        flows["history_hi"].tolist(),
        flows["history_len"].tolist(),
        strict=True,
    )
    result = []
    for key in keys:
        text = known.get(key)
        if text is None:
            text = known[key] = history_text(*key)
        result.append(text)
    return result
