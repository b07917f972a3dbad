"""Conversations as plain data: who talks to whom, and what goes over the wire when.

A conversation says nothing about headers, sequence numbers or checksums; `wire` adds those. It is
the whole interface between who plays a part (habits, later attacks) and how it looks on a cable.
"""

from typing import NamedTuple

US_NS = 1_000
MS_NS = 1_000_000
S_NS = 1_000_000_000

ICMP = 1
TCP = 6
UDP = 17
ICMPV6 = 58
ARP = 0x0806  # an EtherType: everything above 255 is carried without IP

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
REPEAT = 0x100  # TCP: a retransmission of the `length` bytes sent last in this direction


class Endpoint(NamedTuple):
    """One end of a conversation."""

    mac: bytes  # 6 bytes: of the router for everything beyond it
    ip: bytes  # 4 or 16 bytes; empty where the protocol has no IP
    port: int  # 0 where the protocol has none
    ttl: int = 64  # as seen at home: hops already taken are subtracted


class Step(NamedTuple):
    """One packet."""

    dt_ns: int  # since the step before
    forward: bool  # originator to responder
    flags: int  # TCP flags and REPEAT; 0 for other protocols
    payload: bytes  # the first bytes of the payload; the rest is zero and not in the capture
    length: int  # payload bytes on the wire, >= len(payload)


class Conversation(NamedTuple):
    """Everything two endpoints say to each other, in order of time."""

    start_ns: int  # of the first step (its dt_ns comes on top)
    orig: Endpoint
    resp: Endpoint
    proto: int  # IP protocol number, or ARP
    steps: list[Step]  # may share steps: they are never changed
    label: str = ""  # what it stands for, e.g. the habit; for tests and labelled data sets

    @property
    def end_ns(self) -> int:
        """Time of the last step."""
        return self.start_ns + sum(step.dt_ns for step in self.steps)
