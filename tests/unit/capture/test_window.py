import gzip
import os

import pytest

from appliance.capture.window import open_window

CONTENT = bytes(n * 31 % 256 for n in range(300_000))


def open_content(save, content):
    return open_window(save(content).open("rb"))


def read_whole(window):
    found = b""
    while window.read_on():
        found += window.buffer[window.position : window.end].tobytes()
        window.position = window.end
    window.close()
    return found


def test_plain_file_is_read_in_pieces(save) -> None:
    window = open_content(save, CONTENT * 20)
    assert read_whole(window) == CONTENT * 20
    assert window.buffer.flags.writeable  # the type of array that kernels are compiled for
    assert len(window.buffer) <= 1 << 20


def test_file_cut_short_meanwhile_ends_early(save) -> None:
    window = open_content(save, CONTENT)
    assert window.read_on()
    os.truncate(save(CONTENT[:10]), 10)
    assert read_whole(window) != CONTENT


def test_compressed_tiny_and_piped_files(save) -> None:
    for content in (gzip.compress(CONTENT), b"abc", b""):
        expected = CONTENT if len(content) > 3 else content
        assert read_whole(open_content(save, content)) == expected
    reading, writing = os.pipe()
    os.write(writing, b"0123456789")
    os.close(writing)
    window = open_window(os.fdopen(reading, "rb"))
    while window.read_on():
        pass
    assert window.buffer[: window.end].tobytes() == b"0123456789"
    window.close()


@pytest.mark.parametrize("step", [1_000, 9_999, 40_000])
def test_stream_moves_along_without_losing_a_byte(save, step) -> None:
    window = open_content(save, gzip.compress(CONTENT))
    found = b""
    while True:
        while window.end - window.position >= step:
            found += window.buffer[window.position : window.position + step].tobytes()
            window.position += step
        if not window.read_on():
            break
    found += window.buffer[window.position : window.end].tobytes()
    assert found == CONTENT
    assert not window.damaged
    window.close()


def test_stream_steps_over_what_is_not_wanted(save) -> None:
    window = open_content(save, gzip.compress(CONTENT))
    assert window.read_on()
    window.position = 250_000
    assert window.read_on()
    assert window.buffer[window.position : window.end].tobytes() == CONTENT[250_000:]
    window.position = window.end + 5
    assert not window.read_on()
    window.close()


def test_stream_keeps_a_record_larger_than_its_buffer(save) -> None:
    window = open_content(save, gzip.compress(CONTENT))
    while window.read_on():
        pass
    assert window.buffer[: window.end].tobytes() == CONTENT
    window.close()
