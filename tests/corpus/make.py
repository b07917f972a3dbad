"""Write the corpus: tiny captures of our own making and the manifest of what they contain.

Run from the repository's root: python -m tests.corpus.make [DIRECTORY]
The same input gives the same files; both captures and manifest are committed.
"""

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard
from scapy.layers.dot11 import Dot11, RadioTap
from scapy.layers.inet import UDP
from scapy.layers.l2 import LLC, SNAP
from scapy.packet import Packet, Raw

from tests.corpus import damage_scenes, name_scenes, tcp_scenes, wrap_scenes
from tests.corpus.scene import (
    CLIENT_MAC,
    SERVER_MAC,
    Scene,
    Wrap,
    pcap_bytes,
    pcapng_bytes,
    udp_exchange,
)
from tests.corpus.scene import ip as ip_header

MAGICS = {
    "le-us": b"\xd4\xc3\xb2\xa1",
    "be-us": b"\xa1\xb2\xc3\xd4",
    "le-ns": b"\x4d\x3c\xb2\xa1",
    "be-ns": b"\xa1\xb2\x3c\x4d",
}


def _prefixed(header: Callable[[bool], bytes]) -> Wrap:
    def wrap(packet: Packet, forward: bool) -> Packet:
        return Raw(header(forward) + bytes(packet))

    return wrap


def _cooked1(forward: bool) -> bytes:
    mac = bytes.fromhex((CLIENT_MAC if forward else SERVER_MAC).replace(":", ""))
    return (0 if forward else 4).to_bytes(2) + b"\0\1\0\6" + mac + b"\0\0\x08\0"


def _cooked2(forward: bool) -> bytes:
    mac = bytes.fromhex((CLIENT_MAC if forward else SERVER_MAC).replace(":", ""))
    return b"\x08\0\0\0\0\0\0\2\0\1" + bytes([0 if forward else 4, 6]) + mac + b"\0\0"


def _wireless(packet: Packet, forward: bool) -> Packet:
    ends = (CLIENT_MAC, SERVER_MAC) if forward else (SERVER_MAC, CLIENT_MAC)
    header = Dot11(type=2, subtype=0, FCfield=1, addr1=ends[1], addr2=ends[0], addr3=ends[1])
    body = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800) / packet
    return RadioTap() / header / body


def links() -> Iterator[Scene]:
    """Yield the same exchange on every link type."""
    for name, linktype, wrap in (
        ("null", 0, _prefixed(lambda _: b"\2\0\0\0")),
        ("loop", 108, _prefixed(lambda _: b"\0\0\0\2")),
        ("raw", 101, _prefixed(lambda _: b"")),
        ("ipv4", 228, _prefixed(lambda _: b"")),
        ("sll", 113, _prefixed(_cooked1)),
        ("sll2", 276, _prefixed(_cooked2)),
        ("radiotap", 127, _wireless),
    ):
        scene = Scene(f"link-{name}", linktype=linktype, wrap=wrap)
        flow = udp_exchange(scene, (50_300, 53), wrap_scenes.EXCHANGE, dns_query="www.example.org")
        if name == "radiotap":  # what such frames count for is the reader's choice
            flow.fields |= {"bytes_out": None, "bytes_in": None}
        flow.payload = [len(wrap_scenes.QUERY), len(wrap_scenes.ANSWER)]
        yield scene


def all_scenes() -> Iterator[Scene]:
    """Yield everything, in the order of the manifest."""
    for scene in tcp_scenes.states():
        scene.name = f"tcp-{scene.name}"
        yield scene
    for scene in tcp_scenes.troubles():
        scene.name = f"tcp-{scene.name}"
        yield scene
    yield from name_scenes.scenes()
    yield from wrap_scenes.scenes()
    yield from damage_scenes.scenes()
    yield from links()


def containers() -> Iterator[tuple[str, bytes, Scene]]:
    """Yield (file name, bytes, scene): the same DNS exchange in every kind of file."""
    scene = Scene("container")
    udp_exchange(scene, (50_400, 53), wrap_scenes.EXCHANGE, dns_query="www.example.org")
    plain = pcap_bytes(scene.frames, 1)
    for name, magic in MAGICS.items():
        yield f"file-{name}.pcap", pcap_bytes(scene.frames, 1, magic), scene
    yield "file-plain.pcapng", pcapng_bytes(scene.frames, 1), scene
    yield "file-gzip.pcap.gz", gzip.compress(plain, mtime=0), scene
    yield "file-zstd.pcap.zst", zstandard.compress(plain), scene
    torn = Scene("torn")  # the writer died in the middle of a record
    udp_exchange(torn, (50_401, 53), [(True, wrap_scenes.QUERY)], dns_query="www.example.org")
    torn.damaged = 1
    whole = pcap_bytes(torn.frames, 1)
    extra = ip_header("192.168.1.10", "198.51.100.20") / UDP(sport=1, dport=2)
    yield "file-torn.pcap", whole + pcap_bytes([(0, bytes(extra), 28)], 1)[24:50], torn


def write(directory: Path) -> None:
    """Write captures and manifest."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = []
    for scene in all_scenes():
        file = f"{scene.name}.pcap"
        (directory / file).write_bytes(pcap_bytes(scene.frames, scene.linktype))
        rows.append(scene.manifest(file))
    for file, data, scene in containers():
        (directory / file).write_bytes(data)
        rows.append(scene.manifest(file))
    text = json.dumps(rows, indent=1)
    (directory / "manifest.json").write_text(text + "\n")
    print(f"{len(rows)} captures in {directory}")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
