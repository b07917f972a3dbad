"""Capture files made by hand, and sources that need none."""

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from appliance.model.frame import FRAME_DTYPE, CaptureStatistics, FrameBlock, PacketSource


class Packet(NamedTuple):
    """What a frame is compared by."""

    ts_ns: int
    data: bytes
    wirelen: int
    linktype: int = 1
    interface: str = ""


class Writer:
    """Writes capture files word by word, in either byte order."""

    @staticmethod
    def pcap(
        packets: Sequence[Packet],
        *,
        order: str = "<",
        nanoseconds: bool = False,
        magic: int | None = None,
        version: tuple[int, int] = (2, 4),
        linktype: int = 1,
    ) -> bytes:
        magic = magic or (0xA1B23C4D if nanoseconds else 0xA1B2C3D4)
        parts = [struct.pack(f"{order}IHHiIII", magic, *version, 0, 0, 65_535, linktype)]
        for packet in packets:
            second, rest = divmod(packet.ts_ns, 1_000_000_000)
            rest = rest if nanoseconds else rest // 1_000
            parts.append(
                struct.pack(f"{order}IIII", second, rest, len(packet.data), packet.wirelen)
            )
            parts.append(bytes(8) if magic == 0xA1B2CD34 else b"")
            parts.append(packet.data)
        return b"".join(parts)

    @staticmethod
    def block(kind: int, body: bytes, order: str = "<") -> bytes:
        body += bytes(-len(body) % 4)
        total = struct.pack(f"{order}I", len(body) + 12)
        return struct.pack(f"{order}I", kind) + total + body + total

    @classmethod
    def section(cls, order: str = "<", major: int = 1) -> bytes:
        body = struct.pack(f"{order}IHHq", 0x1A2B3C4D, major, 0, -1)
        return cls.block(0x0A0D0D0A, body, order)

    @classmethod
    def interface(
        cls,
        linktype: int = 1,
        options: Sequence[tuple[int, bytes]] = (),
        *,
        snaplen: int = 0,
        order: str = "<",
    ) -> bytes:
        body = struct.pack(f"{order}HHI", linktype, 0, snaplen)
        for code, value in options:
            body += struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)
        return cls.block(1, body + (bytes(4) if options else b""), order)

    @classmethod
    def packet(
        cls, ticks: int, data: bytes, wirelen: int, *, interface: int = 0, order: str = "<"
    ) -> bytes:
        head = struct.pack(
            f"{order}IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wirelen
        )
        return cls.block(6, head + data, order)


class Reader:
    """Reads sources to their end."""

    @staticmethod
    def packets(source: PacketSource) -> list[Packet]:
        found = []
        for block in source.blocks():
            for frame in block.frames:
                start = int(frame["offset"])
                found.append(
                    Packet(
                        int(frame["ts_ns"]),
                        block.buffer[start : start + int(frame["caplen"])].tobytes(),
                        int(frame["wirelen"]),
                        int(frame["linktype"]),
                        source.interfaces[int(frame["interface"])],
                    )
                )
        return found

    @classmethod
    def plain(cls, source: PacketSource) -> list[Packet]:
        """Without names, as they were written."""
        return [packet._replace(interface="") for packet in cls.packets(source)]


class ListSource:
    """Blocks from a list; ends early when closed."""

    def __init__(self, blocks: Sequence[Sequence[tuple[int, bytes]]], *names: str) -> None:
        self._blocks = blocks
        self.interfaces = names or ("list",)
        self.handed_on = 0
        self.closed = False

    def blocks(self) -> Iterator[FrameBlock]:
        for packets in self._blocks:
            if self.closed:
                return
            frames = np.zeros(len(packets), dtype=FRAME_DTYPE)
            data = b"".join(payload for _, payload in packets)
            position = 0
            for frame, (ts_ns, payload) in zip(frames, packets, strict=True):
                frame["offset"], frame["ts_ns"] = position, ts_ns
                frame["caplen"] = frame["wirelen"] = len(payload)
                frame["linktype"] = frame["segments"] = 1
                frame["interface"] = (ts_ns // 7) % len(self.interfaces)
                position += len(payload)
            self.handed_on += len(frames)
            buffer = np.frombuffer(bytearray(data), dtype=np.uint8)
            yield FrameBlock(buffer, frames)
            buffer[:] = 0  # what a source may do once it is asked for the next block

    def statistics(self) -> CaptureStatistics:
        return CaptureStatistics(frames=self.handed_on, damaged=1)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="session")
def packet() -> type[Packet]:
    return Packet


@pytest.fixture(scope="session")
def write() -> type[Writer]:
    return Writer


@pytest.fixture(scope="session")
def read() -> type[Reader]:
    return Reader


@pytest.fixture(scope="session")
def list_source() -> type[ListSource]:
    return ListSource


@pytest.fixture
def save(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write bytes to a file."""

    def save_bytes(content: bytes, name: str = "some.pcap") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return save_bytes


@pytest.fixture(scope="session")
def packets() -> list[Packet]:
    """A few packets of odd lengths, the last ones cut by a snapshot length."""
    base_ns = 1_700_000_000_123_456_000
    sizes: list[tuple[int, int]] = [(0, 0), (1, 1), (60, 60), (1_514, 1_514), (3, 70_000), (96, 97)]
    return [
        Packet(base_ns + 1_000 * n, bytes((n + i) % 256 for i in range(size)), wire)
        for n, (size, wire) in enumerate(sizes)
    ]
