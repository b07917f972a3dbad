"""One sample as Python values, ready for dissection."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from appliance.model.sample import Samples

CHUNK = 4_096  # samples turned into Python values at a time; bounds what a huge tick costs

_FIELDS = (
    "kind", "flow_id", "ts_ns", "src_hi", "src_lo", "dst_hi", "dst_lo", "src_mac", "dst_mac",
    "wire_length", "src_port", "dst_port", "seq", "from_orig", "proto",
)  # fmt: skip


class Packet(NamedTuple):
    """Fields as in SAMPLE_DTYPE; `payload` is the bytes that were kept."""

    kind: int
    flow_id: int
    ts_ns: int
    src_hi: int
    src_lo: int
    dst_hi: int
    dst_lo: int
    src_mac: int
    dst_mac: int
    wire_length: int
    src_port: int
    dst_port: int
    seq: int
    from_orig: int
    proto: int
    payload: bytes

    @property
    def cut(self) -> bool:
        """Bytes of the packet are missing."""
        return len(self.payload) < self.wire_length


def iter_packets(samples: Samples) -> Iterator[Packet]:
    """Give the samples one by one, in order; payloads are copies."""
    data = np.ascontiguousarray(samples.data).data
    for first in range(0, len(samples.headers), CHUNK):
        headers = samples.headers[first : first + CHUNK]
        starts = headers["offset"].tolist()
        lengths = headers["length"].tolist()
        payloads = (bytes(data[s : s + n]) for s, n in zip(starts, lengths, strict=True))
        columns = (headers[field].tolist() for field in _FIELDS)
        yield from map(Packet, *columns, payloads)
