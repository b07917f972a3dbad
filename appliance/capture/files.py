"""Open a capture file of any kind: classic or pcapng, plain, gzip or zstd, or standard input."""

import sys
from io import BufferedReader
from pathlib import Path

from appliance.capture.oddlinks import UnwrappedSource
from appliance.capture.pcap import PcapFile, is_pcap
from appliance.capture.pcapng import SECTION_MAGIC, PcapngFile
from appliance.capture.records import RecordFile
from appliance.capture.window import Window, open_window
from appliance.errors import CaptureError, FormatError
from appliance.model.frame import PacketSource

STDIN = "-"


def open_file(path: Path | str) -> PacketSource:
    """Open a capture file; "-" is standard input. What it is, its first bytes say.

    Raises CaptureError if it cannot be opened, FormatError if its header cannot be read. Damage
    further on ends the file there and is counted.
    """
    shown = "standard input" if str(path) == STDIN else Path(path).name
    file = _open(path)
    try:
        source = _open_records(open_window(file), shown)
    except FormatError:
        file.close()
        raise
    except OSError as error:
        file.close()
        raise CaptureError(f"cannot read {path}: {error.strerror or error}") from error
    return UnwrappedSource(source)


def _open(path: Path | str) -> BufferedReader:
    if str(path) == STDIN:
        return sys.stdin.buffer  # type: ignore[return-value]
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise CaptureError(f"cannot open {path}: {error.strerror or error}") from error


def _open_records(window: Window, name: str) -> RecordFile:
    while window.end < 4 and window.read_on():
        pass
    head = window.buffer[: min(4, window.end)].tobytes()
    if is_pcap(head):
        return PcapFile(window, name)
    if head == SECTION_MAGIC:
        return PcapngFile(window, name)
    shown = head.hex(" ") or "nothing"
    raise FormatError(f"{name} is not a capture file: it begins with {shown}")
