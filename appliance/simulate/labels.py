"""The truth about a simulated day: a label for every flow, and who did what when."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from appliance.demo.conversation import TCP, UDP, Conversation
from appliance.model.address import pack_address
from appliance.simulate.day import BENIGN, Day

_Key = tuple[int, bytes, int, bytes, int]


class Labels:
    """Knows which flows belong to an attack. Bounded by the attacks of the plan."""

    def __init__(self) -> None:
        self._known: dict[_Key, str] = {}

    def noting(self, talks: Iterator[Conversation]) -> Iterator[Conversation]:
        """Pass conversations on and remember those of attacks."""
        for talk in talks:
            if talk.label != BENIGN:
                self._known[_key(talk)] = talk.label
            yield talk

    def find(self, flow: Any) -> str:
        """Return the label of a FLOW_DTYPE record."""
        proto = int(flow["proto"])
        ends = [
            (_packed(side), int(side["port"]) if proto in {TCP, UDP} else 0)
            for side in (flow["orig"], flow["resp"])
        ]
        straight = (proto, *ends[0], *ends[1])
        reverse = (proto, *ends[1], *ends[0])
        return self._known.get(straight) or self._known.get(reverse) or BENIGN


def format_truth(day: Day) -> str:
    """Return a CSV: host, malicious, start, end (HH:MM of the day), what, source.

    A device with several attacks has several rows.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(("host", "malicious", "start", "end", "what", "source"))
    for intrusion in day.intrusions:
        clock = [_clock(intrusion.start_s), _clock(intrusion.end_s)]
        write((intrusion.host, 1, *clock, intrusion.kind, intrusion.what))
    guilty = {intrusion.host for intrusion in day.intrusions}
    for host in day.hosts:
        if host not in guilty:
            write((host, 0, "", "", BENIGN, "habits"))
    return out.getvalue()


def _clock(seconds: float) -> str:
    minutes = min(int(seconds // 60), 24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _key(talk: Conversation) -> _Key:
    ports = (talk.orig.port, talk.resp.port) if talk.proto in {TCP, UDP} else (0, 0)
    return talk.proto, talk.orig.ip, ports[0], talk.resp.ip, ports[1]


def _packed(side: Any) -> bytes:
    return pack_address(int(side["addr_hi"]), int(side["addr_lo"]))
