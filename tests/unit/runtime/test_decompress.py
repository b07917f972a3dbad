import gzip
import io

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from appliance.runtime.decompress import is_compressed, open_reader


def read_all(content: bytes, step: int = 1_000):
    """Return what a reader gives for a file in pieces of `step`, and whether it was damaged."""
    file = io.BufferedReader(io.BytesIO(content))
    reader = open_reader(file, file.read(4))
    view = memoryview(bytearray(step))
    found = b""
    while got := reader.read_into(view):
        found += view[:got]
    reader.close()
    reader.close()
    return found, bool(reader.damaged)


PACKERS = [lambda data: data, gzip.compress, zstandard.compress]


@pytest.mark.parametrize("pack", PACKERS)
@given(data=st.binary(max_size=5_000), step=st.integers(1, 700))
def test_every_form_gives_the_same_bytes(pack, data, step) -> None:
    assert read_all(pack(b"head" + data), step) == (b"head" + data, False)


@pytest.mark.parametrize("pack", PACKERS[1:])
def test_members_behind_one_another_are_one_stream(pack) -> None:
    content = pack(b"one ") + pack(b"two ") + pack(b"")
    assert read_all(content) == (b"one two ", False)


def test_padding_behind_gzip_is_ignored() -> None:
    assert read_all(gzip.compress(b"data") + bytes(512)) == (b"data", False)


def test_skippable_frame_may_come_first() -> None:
    content = b"\x5a\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc" + zstandard.compress(b"data")
    assert is_compressed(content[:4])
    assert read_all(content) == (b"data", False)


def test_gzip_cut_at_every_byte_is_damaged_and_keeps_the_beginning() -> None:
    data = bytes(n * n % 251 for n in range(600))
    content = gzip.compress(data)
    for length in range(4, len(content)):
        found, damaged = read_all(content[:length])
        assert damaged
        assert data.startswith(found)


@pytest.mark.parametrize("pack", PACKERS[1:])
def test_corrupt_bytes_are_damage_not_an_error(pack) -> None:
    data = bytes(n * n % 251 for n in range(5_000))
    content = bytearray(pack(data))
    for position in range(30, len(content)):
        content[position] ^= 0x55
    found, damaged = read_all(bytes(content))
    assert damaged
    assert len(found) <= len(data)


def test_a_bomb_comes_in_pieces() -> None:
    """What is unpacked at once is bounded by the view, however well it was packed."""
    data = bytes(3_000_000)
    for pack in PACKERS[1:]:
        file = io.BufferedReader(io.BytesIO(pack(data)))
        reader = open_reader(file, file.read(4))
        view = memoryview(bytearray(1_000))
        assert 0 < reader.read_into(view) <= 1_000
        reader.close()


@given(
    noise=st.binary(max_size=200), magic=st.sampled_from([b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"])
)
def test_random_bytes_never_raise(noise, magic) -> None:
    found, _ = read_all(magic + noise)
    assert len(found) < 10_000_000
