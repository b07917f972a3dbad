"""The truth about a simulated day: a label for every flow, and who did what when."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from appliance.demo.conversation import S_NS, TCP, UDP, Conversation
from appliance.model.address import pack_address
from appliance.simulate.day import BENIGN, Day
from appliance.simulate.office import DAY_S

_Key = tuple[int, bytes, int, bytes, int]


class _Part(NamedTuple):
    """One conversation of an attack; times since the epoch."""

    first_ns: int
    last_ns: int
    label: str


class Labels:
    """Knows which flows belong to an attack. Bounded by the attacks of the plan.

    start_ns : when the play starts, ns since the epoch
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._known: dict[_Key, list[_Part]] = {}
        self._spans: dict[str, tuple[int, int]] = {}  # label: first and last packet
        self.until_ns = start_ns  # what is planned for later was not played

    def noting(self, talks: Iterator[Conversation]) -> Iterator[Conversation]:
        """Pass conversations on and remember those of attacks."""
        for talk in talks:
            if talk.label != BENIGN:
                self._note(talk)
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
        parts = self._known.get(straight) or self._known.get(reverse) or ()
        first_ns, last_ns = int(flow["first_ns"]), int(flow["last_ns"])
        for part in parts:
            if part.first_ns <= last_ns and first_ns <= part.last_ns:
                return part.label
        return BENIGN

    def span(self, label: str) -> tuple[float, float] | None:
        """Return when an attack was seen first and last, s since the epoch; None if it was not."""
        span = self._spans.get(label)
        if span is None or span[0] >= self.until_ns:
            return None
        return span[0] / 1e9, min(span[1], self.until_ns) / 1e9

    def moments(self, span: tuple[float, float]) -> tuple[str, str]:
        """Return a span as text, in whole minutes that hold it."""
        midnight_s = self._start_ns // 1e9 // DAY_S * DAY_S
        begin_s, end_s = span[0] // 60 * 60, -(-span[1] // 60) * 60
        if self.until_ns / 1e9 > midnight_s + DAY_S:
            return _moment(begin_s), _moment(end_s)
        return _clock(begin_s - midnight_s), _clock(end_s - midnight_s)

    def _note(self, talk: Conversation) -> None:
        first_ns, last_ns = self._start_ns + talk.start_ns, self._start_ns + talk.end_ns
        parts = self._known.setdefault(_key(talk), [])
        if parts and first_ns - parts[-1].last_ns < S_NS and parts[-1].label == talk.label:
            parts[-1] = parts[-1]._replace(last_ns=max(last_ns, parts[-1].last_ns))
        else:
            parts.append(_Part(first_ns, last_ns, talk.label))
        before = self._spans.get(talk.label, (first_ns, last_ns))
        self._spans[talk.label] = min(before[0], first_ns), max(before[1], last_ns)


def format_truth(day: Day, labels: Labels) -> str:
    """Return a CSV: host, malicious, start, end, what, source.

    Times are HH:MM (UTC) of the day of the first packet, ISO 8601 if it goes on over midnight. A
    device with several attacks has several rows. What was planned and not played is not there.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(("host", "malicious", "start", "end", "what", "source"))
    guilty = set()
    for intrusion in day.intrusions:
        span = labels.span(intrusion.name)
        if span is not None:
            guilty.add(intrusion.host)
            moments = labels.moments(span)
            write((intrusion.host, 1, *moments, intrusion.kind, intrusion.name))
    for host in day.hosts:
        if host not in guilty:
            write((host, 0, "", "", BENIGN, "habits"))
    return out.getvalue()


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _clock(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _key(talk: Conversation) -> _Key:
    ports = (talk.orig.port, talk.resp.port) if talk.proto in {TCP, UDP} else (0, 0)
    return talk.proto, talk.orig.ip, ports[0], talk.resp.ip, ports[1]


def _packed(side: Any) -> bytes:
    return pack_address(int(side["addr_hi"]), int(side["addr_lo"]))
