"""Warm-up must reach every kernel, and leave nothing behind."""

import io
import struct

import numpy as np
import pytest

from appliance.flows.warmup import CAPTURE_FILE, drain, warm_up
from appliance.kernels.flowtable import absorb
from appliance.kernels.jit import JIT
from tests.oracles import frames as f
from tests.oracles.flowtable import Arrival
from tests.oracles.headers import parse_frame
from tests.support.sources import ListSource
from tests.support.tables import make_block

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in scalar multiply")


def test_the_kernels_are_compiled_once() -> None:
    warm_up()
    if JIT:
        before = len(absorb.signatures)
        warm_up()
        assert len(absorb.signatures) == before == 1


def test_the_capture_file_holds_one_good_packet() -> None:
    stream = io.BytesIO(CAPTURE_FILE)
    assert struct.unpack("<I", stream.read(4)) == (0xA1B2C3D4,)
    stream.seek(24)
    _, _, caplen, wirelen = struct.unpack("<IIII", stream.read(16))
    data = stream.read()
    assert caplen == wirelen == len(data)
    found = parse_frame(data, 1, wirelen)
    assert (found.proto, found.sport, found.dport, found.payload) == (17, 9, 9, 0)


@pytest.mark.parametrize(("blocks", "closed"), [(2, True), (10, False)])
def test_a_source_is_read_as_far_as_asked(blocks: int, closed: bool) -> None:
    frame = f.ethernet(0x0800, f.ipv4(("192.0.2.1", "192.0.2.2"), 17, f.udp((9, 9))))
    source = ListSource([make_block([Arrival(1, frame)])] * 3)
    drain(source, blocks)
    assert source.closed is closed


def test_the_table_of_the_warm_up_takes_the_same_types() -> None:
    """An array of another type would compile a second kernel, at the first real packet."""
    block = make_block([])
    assert block.buffer.dtype == np.uint8
    assert not block.buffer.flags.writeable
