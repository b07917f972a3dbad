"""tshark's conversations and ours, packet for packet and byte for byte.

A sample of the Ethernet captures; APPLIANCE_CORPUS_ALL=1 takes all of them. Both are right where
they differ, for reasons that are listed here: by rule, or by file.
"""

import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark"),
]

ALL = os.environ.get("APPLIANCE_CORPUS_ALL") == "1"
SAMPLE = 45  # spread evenly over all Ethernet captures
ALWAYS = (  # and these, for the rules below
    "ndpi/dns_fragmented.pcap", "ndpi/vxlan.pcap", "ndpi/tls_change_cipher.pcap",
    "zeek/tunnels__geneve.pcap", "zeek/tunnels__gtp__gtp1_gn_normal_incl_fragmentation.pcap",
    "zeek/tunnels__Teredo.pcap", "zeek/ipv4__fragmented-4.pcap", "zeek/ipv6-fragmented-dns.pcap",
    "zeek/pppoe.pcap", "zeek/mixed-vlan-mpls.pcap", "zeek/chksums__ip6-route0-tcp-good-chksum.pcap",
    "suricata-verify/vxlan-decoder-03__vxlan.pcap", "robust/vxlan_port_8472.pcap",
)  # fmt: skip
TUNNEL_PORTS = {4789, 8472, 6081, 2152, 3544}

# Where neither rule holds: what tshark does that we do not, or the other way round.
UNSUPPORTED = "it looks into a carrier that we leave a flow (MACsec, NSH, AYIYA, GRE in UDP ...)"
DAMAGED = "a packet that one of us does not count: cut or contradictory headers"
EXPLAINED = {
    "ndpi/fuzz-2021-06-07-c6c72a0a56.pcap": DAMAGED,
    "robust/bgp-aigp.pcap": "its second interface is of a link type that we do not know",
    "robust/heapoverflow-tcp_print.pcap": DAMAGED,
    "robust/ipv6-srh-insert-cksum.pcap": "a segment routing header: it goes by the last segment",
    "robust/macsec-short-longer.pcap": UNSUPPORTED,
    "robust/macsec-short-shorter.pcap": UNSUPPORTED,
    "robust/macsec-short-valid.pcap": UNSUPPORTED,
    "robust/mptcp-dss-oobr.pcap": DAMAGED,
    "robust/nsh-over-vxlan-gpe.pcap": UNSUPPORTED,
    "robust/nsh.pcap": UNSUPPORTED,
    "robust/tcp-auth-heapoverflow.pcap": DAMAGED,
    "robust/tcp_header_heapoverflow.pcap": DAMAGED,
    "robust/udp-length-heapoverflow.pcap": DAMAGED,
    "robust/wccp_redirect_gre.pcap": UNSUPPORTED,
    "suricata-verify/arp__detect-arp-04-vxlan__vxlan-arp.pcap": "ARP alone in a tunnel",
    "suricata-verify/decode-nsh-type1__input.pcap": UNSUPPORTED,
    "suricata-verify/decode-nsh-type2__input.pcap": UNSUPPORTED,
    "zeek/ipv6-mobility-dst-opts.pcap": "a home address in a header behind a cut one",
    "zeek/snmp__snmpwalk-short.pcap": "one 5-tuple in two conversations, each rounded to kB",
    "zeek/tcp__truncated-header.pcap": DAMAGED,
    "zeek/tunnels__ayiya-large-identity.pcap": UNSUPPORTED,
    "zeek/tunnels__ayiya3.pcap": UNSUPPORTED,
    "zeek/tunnels__gre-aruba-amsdu.pcap": UNSUPPORTED,
    "zeek/tunnels__gre-over-udp-4754.pcap": UNSUPPORTED,
}


def _ethernet_files(corpus: Path) -> list[Path]:
    files = sorted(p for p in (corpus / "pcap").glob("*/*") if p.is_file() and _is_ethernet(p))
    if ALL:
        return files
    always = [corpus / "pcap" / name for name in ALWAYS]
    return sorted({*files[:: max(len(files) // SAMPLE, 1)], *(p for p in always if p.exists())})


def _is_ethernet(path: Path) -> bool:
    """Read the link type of a file, or of its first interface."""
    with path.open("rb") as stream:
        head = stream.read(1_024)
    for order in "<>":
        if len(head) < 28:
            return False
        (magic,) = struct.unpack_from(order + "I", head)
        if magic in {0xA1B2C3D4, 0xA1B23C4D}:
            return bool(struct.unpack_from(order + "I", head, 20)[0] & 0xFFFF == 1)
        (byte_order,) = struct.unpack_from(order + "I", head, 8)
        if magic == 0x0A0D0D0A and byte_order == 0x1A2B3C4D:
            (size,) = struct.unpack_from(order + "I", head, 4)
            if size + 10 <= len(head):
                return bool(struct.unpack_from(order + "H", head, size + 8)[0] == 1)
    return False


def _has_fragments(path: Path) -> bool:
    wanted = "ip.flags.mf == 1 or ip.frag_offset > 0 or ipv6.fraghdr"
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-Y", wanted, "-T", "fields", "-e", "frame.number"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return bool(done.stdout.strip())


def _compare(path: Path) -> list[str]:
    """Return the differences that no rule explains."""
    from tests.support import tshark  # noqa: PLC0415
    from tests.support.replaying import replay_flows  # noqa: PLC0415 - loads kernels

    rows, _ = replay_flows(path)
    theirs, ours = tshark.tshark_conversations(path), tshark.own_conversations(rows)
    if any(row["tunnel"] for row in rows):
        theirs = {key: n for key, n in theirs.items() if key in ours or not _carries(key)}
    if not tshark.differences(theirs, ours):
        return []
    if _has_fragments(path):
        theirs, ours = _only_missing(theirs, ours)
    return tshark.differences(theirs, ours)


def _carries(key: Any) -> bool:
    """Rule 1: tshark counts a packet in a tunnel for its carrier too; we only look inside."""
    return key[0] == "udp" and bool({key[1][1], key[2][1]} & TUNNEL_PORTS)


def _only_missing(theirs: Any, ours: Any) -> tuple[Any, Any]:
    """Rule 2: tshark counts a datagram when it is whole, once and at its last fragment.

    We count every fragment, and of a fragmented tunnel the carrier: that we have a conversation
    at all is what can be asked.
    """
    if any(map(_carries, ours)):
        return {}, {}
    return {key: count for key, count in theirs.items() if key not in ours}, {}


def test_conversations_are_tsharks(corpus: Path) -> None:
    files = _ethernet_files(corpus)
    assert len(files) > 40
    names = {path: f"{path.parent.name}/{path.name}" for path in files}
    wrong = {
        names[path]: found
        for path in files
        if names[path] not in EXPLAINED and (found := _compare(path))
    }
    assert wrong == {}


def test_explanations_name_files_that_exist(corpus: Path) -> None:
    assert [name for name in EXPLAINED if not (corpus / "pcap" / name).exists()] == []
