"""conn_state in the words of Zeek's documentation. Oracle of appliance/flows/connstate.py.

Source: the field's documentation in Conn::Info (base/protocols/conn).
"""

from tests.oracles.tcp import CLOSED, ESTABLISHED, INACTIVE, PARTIAL, RESET, SYN_ACK_SENT, SYN_SENT


def describe_state(orig: int, resp: int, payload: bool) -> str:
    """Return the conn_state of two endpoint states; the first sentence that holds."""
    began = orig in {SYN_SENT, SYN_ACK_SENT}
    unseen = {INACTIVE, PARTIAL}
    sentences = {
        # Connection attempt rejected.
        "REJ": resp == RESET and (began or (orig == RESET and not payload)),
        # Responder sent a SYN ACK followed by a RST, we never saw a SYN from the originator.
        "RSTRH": resp == RESET and orig in unseen,
        # Responder sent a RST.
        "RSTR": resp == RESET,
        # Originator sent a SYN followed by a RST, we never saw a SYN-ACK from the responder.
        "RSTOS0": orig == RESET and resp in unseen,
        # Connection established, originator aborted (sent a RST).
        "RSTO": orig == RESET,
        # Normal establishment and termination.
        "SF": orig == resp == CLOSED,
        # Originator sent a SYN followed by a FIN, we never saw a SYN ACK from the responder.
        "SH": orig == CLOSED and resp in unseen,
        # Established, and close attempt by originator seen (but no reply from responder).
        "S2": orig == CLOSED,
        # Responder sent a SYN ACK followed by a FIN, we never saw a SYN from the originator.
        "SHR": resp == CLOSED and orig in unseen,
        # Established, and close attempt by responder seen (but no reply from originator).
        "S3": resp == CLOSED,
        # Connection attempt seen, no reply.
        "S0": orig == SYN_SENT and resp == INACTIVE,
        # Connection established, not terminated.
        "S1": orig == resp == ESTABLISHED,
        # No SYN seen, just midstream traffic.
        "OTH": True,
    }
    return next(name for name, holds in sentences.items() if holds)
