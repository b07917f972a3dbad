import gzip
import os

import pytest

from appliance.capture.window import MappedWindow, StreamWindow, open_window

CONTENT = bytes(n * 31 % 256 for n in range(300_000))


def open_content(save, content):
    return open_window(save(content).open("rb"))


def test_plain_file_is_mapped_whole(save) -> None:
    window = open_content(save, CONTENT)
    assert isinstance(window, MappedWindow)
    assert window.buffer[: window.end].tobytes() == CONTENT
    assert window.buffer.flags.writeable  # the type of array that kernels are compiled for
    assert not window.read_on()
    window.close()


def test_pages_behind_the_reader_are_given_back(save) -> None:
    window = open_content(save, bytes(20 << 20))
    assert isinstance(window, MappedWindow)
    assert int(window.buffer[::4_096].sum()) == 0
    window.position = 17 << 20
    assert window.readable()
    assert window.buffer[0] == 0  # comes again when touched
    assert window._dropped == 17 << 20
    window.close()


def test_file_cut_short_meanwhile_is_not_touched(save) -> None:
    window = open_content(save, CONTENT)
    os.truncate(save(CONTENT[:10]), 10)
    assert not window.readable()
    assert window.damaged == 1
    window.close()


def test_compressed_or_tiny_or_piped_files_are_streams(save) -> None:
    for content in (gzip.compress(CONTENT), b"abc", b""):
        window = open_content(save, content)
        assert isinstance(window, StreamWindow)
        window.close()
    reading, writing = os.pipe()
    os.write(writing, b"0123456789")
    os.close(writing)
    window = open_window(os.fdopen(reading, "rb"))
    assert isinstance(window, StreamWindow)
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
