"""The parsed packet: two cache lines, and a name for every way to be none."""

import numpy as np

from appliance.kernels import packet
from appliance.kernels.packet import FRAGMENT_DTYPE, PACKET_DTYPE, REJECTS


def test_a_packet_is_two_cache_lines() -> None:
    assert PACKET_DTYPE.itemsize == 128
    assert FRAGMENT_DTYPE.itemsize % 8 == 0


def test_fields_are_aligned_for_single_loads() -> None:
    for dtype in (PACKET_DTYPE, FRAGMENT_DTYPE):
        for name in dtype.names:
            field, offset = dtype.fields[name][:2]
            assert offset % np.dtype(field.base).alignment == 0, name


def test_every_reason_has_the_name_of_its_number() -> None:
    numbered = {getattr(packet, name.upper()) for name in REJECTS}
    assert numbered == set(range(len(REJECTS)))
    assert [getattr(packet, name.upper()) for name in REJECTS] == list(range(len(REJECTS)))


def test_bits_do_not_overlap() -> None:
    names = [n for n in vars(packet) if n.startswith("PACKET_") and n != "PACKET_DTYPE"]
    bits = [getattr(packet, name) for name in names]
    assert sum(bits) == int(np.bitwise_or.reduce(bits))
    assert all(bit.bit_count() == 1 for bit in bits)
