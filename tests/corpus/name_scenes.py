"""Metadata: one capture of each kind of packet that carries a name or a fingerprint."""

import hashlib
from collections.abc import Iterator

from scapy.layers.dhcp6 import (
    DUID_LL,
    DHCP6_Solicit,
    DHCP6OptClientFQDN,
    DHCP6OptClientId,
    DHCP6OptElapsedTime,
    DHCP6OptIA_NA,
)
from scapy.layers.inet import UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from appliance.demo import hello, names
from tests.corpus.scene import CLIENT, CLIENT_MAC, Scene, ip, tcp, udp_exchange

SNI = "www.example.org"
ADDRESS = bytes([198, 51, 100, 80])
MAC = bytes.fromhex(CLIENT_MAC.replace(":", ""))
RFC_9001_DCID = bytes.fromhex("8394c8f03e515708")
RFC_9001_FRAMES = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
    "00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006"
    "001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa4"
    "7fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305"
    "0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ff"
    "ff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff"
)


def dns() -> Iterator[Scene]:
    """Yield DNS over UDP and TCP."""
    yield from _dns_answers()
    yield from _dns_oddities()


def _dns_answers() -> Iterator[Scene]:
    scene = Scene("a")
    query = names.dns_query(0x1001, SNI, names.A)
    udp_exchange(
        scene, (50_001, 53), [(True, query), (False, names.dns_answer(query, names.A, [ADDRESS]))],
        service="dns", dns_query=SNI, dns_type="A", dns_rcode="NOERROR",
        dns_answers="198.51.100.80",
    )  # fmt: skip
    yield scene

    scene = Scene("aaaa")
    query = names.dns_query(0x1002, SNI, names.AAAA)
    answer = names.dns_answer(query, names.AAAA, [bytes.fromhex("20010db8" + "0" * 22 + "80")])
    udp_exchange(
        scene, (50_002, 53), [(True, query), (False, answer)],
        service="dns", dns_query=SNI, dns_type="AAAA", dns_rcode="NOERROR",
        dns_answers="2001:db8::80",
    )  # fmt: skip
    yield scene

    scene = Scene("cname")
    query = names.dns_query(0x1003, SNI, names.A)
    target = names.encode_name("edge.example.net")
    alias = b"\xc0\x0c\0\5\0\1\0\0\1\x2c" + len(target).to_bytes(2) + target
    address = target + b"\0\1\0\1\0\0\0\x3c\0\4" + ADDRESS
    body = query[:2] + bytes.fromhex("81800001000200000000") + query[12:] + alias + address
    udp_exchange(
        scene, (50_003, 53), [(True, query), (False, body)],
        service="dns", dns_query=SNI, dns_type="A", dns_rcode="NOERROR",
        dns_answers="edge.example.net 198.51.100.80",
    )  # fmt: skip
    yield scene


def _dns_oddities() -> Iterator[Scene]:
    scene = Scene("nxdomain")
    query = names.dns_query(0x1004, "nosuch.example.org", names.A)
    udp_exchange(
        scene, (50_004, 53), [(True, query), (False, names.dns_refusal(query))],
        service="dns", dns_query="nosuch.example.org", dns_type="A", dns_rcode="NXDOMAIN",
        dns_answers="",
    )  # fmt: skip
    yield scene

    scene = Scene("tcp")
    query = names.dns_query(0x1005, SNI, names.A)
    answer = names.dns_answer(query, names.A, [ADDRESS])
    talk = tcp(
        scene, (50_005, 53), state="SF", history="ShADadFf", service="dns", dns_query=SNI,
        dns_type="A", dns_rcode="NOERROR", dns_answers="198.51.100.80",
    )  # fmt: skip
    talk.open().orig("PA", len(query).to_bytes(2) + query).resp("A")
    talk.resp("PA", len(answer).to_bytes(2) + answer).orig("A").close()
    yield scene

    scene = Scene("names-later-flow")  # the answer's address is called what was asked for
    query = names.dns_query(0x1006, SNI, names.A)
    udp_exchange(
        scene, (50_006, 53), [(True, query), (False, names.dns_answer(query, names.A, [ADDRESS]))]
    )
    talk = tcp(
        scene, (50_007, 9_999), (CLIENT, "198.51.100.80"), state="S1", history="ShADa", name=SNI
    )
    talk.open().orig("PA", b"x" * 40).resp("A")
    yield scene


def _ja4(client: hello.TlsClient) -> str:
    """Work out JA4 from the definition of the client (FoxIO's description), not from bytes."""
    kinds = [0x00, 0x17, 0xFF01, 0x0A, 0x0B, 0x23, 0x0D]
    kinds += [0x10] * bool(client.alpn) + [0x33, 0x2D, 0x2B] * client.tls13
    ciphers = ",".join(sorted(f"{cipher:04x}" for cipher in client.ciphers))
    rest = ",".join(sorted(f"{kind:04x}" for kind in kinds if kind not in {0x00, 0x10}))
    rest += "_" + ",".join(f"{scheme:04x}" for scheme in client.signatures)
    alpn = client.alpn[0][0] + client.alpn[0][-1] if client.alpn else "00"
    version = "13" if client.tls13 else "12"
    head = f"t{version}d{len(client.ciphers):02}{len(kinds):02}{alpn}"
    hashes = (hashlib.sha256(text.encode()).hexdigest()[:12] for text in (ciphers, rest))
    return "_".join((head, *hashes))


def encrypted() -> Iterator[Scene]:
    """Yield TLS in one and in two segments, and QUIC."""
    for name, client, alpn in (
        ("tls", hello.LIBRARY, "http/1.1"), ("tls-gadget", hello.GADGET, ""),
    ):  # fmt: skip
        scene = Scene(name)
        talk = tcp(
            scene, (50_010, 443), state="SF", history="ShADadFf", service="tls", sni=SNI,
            name=SNI, alpn=alpn, ja4=_ja4(client),
        )  # fmt: skip
        talk.open().orig("PA", hello.client_hello(client, SNI)).resp("A")
        talk.resp("PA", b"\x16\x03\x03\0\x04\x0e\0\0\0").orig("A").close()
        yield scene

    scene = Scene("tls-two-segments")
    record = hello.client_hello(hello.BROWSER, SNI)
    talk = tcp(
        scene, (50_011, 443), state="SF", history="ShADadFf", service="tls", sni=SNI, name=SNI,
        alpn="h2", ja4=_ja4(hello.BROWSER),
    )  # fmt: skip
    talk.open().orig("A", record[:1_400]).resp("A").orig("PA", record[1_400:]).resp("A")
    talk.resp("PA", b"\x16\x03\x03\0\x04\x0e\0\0\0").orig("A").close()
    yield scene

    scene = Scene("quic")
    initial = hello.seal_initial(RFC_9001_DCID, 2, RFC_9001_FRAMES)
    udp_exchange(
        scene, (50_012, 443), [(True, initial), (False, b"\xcf\0\0\0\x01" + bytes(1_195))],
        service="quic", sni="example.com", name="example.com", alpn="alpn",
    )  # fmt: skip
    yield scene

    scene = Scene("quic-h3")
    initial = hello.quic_initial(hello.PHONE, SNI, b"\1\2\3\4\5\6\7\x08")
    udp_exchange(
        scene, (50_013, 443), [(True, initial)], service="quic", sni=SNI, name=SNI, alpn="h3"
    )
    yield scene


def plain() -> Iterator[Scene]:
    """Yield HTTP and SSH."""
    scene = Scene("http")
    talk = tcp(
        scene, (50_020, 80), state="SF", history="ShADadFf", service="http", name=SNI,
        http_host=SNI, user_agent="test/1.0",
    )  # fmt: skip
    talk.open().orig("PA", hello.http_request(SNI, "/index.html", "test/1.0")).resp("A")
    talk.resp("PA", hello.http_response(2, "text/plain") + b"ok").orig("A").close()
    yield scene

    scene = Scene("ssh")
    talk = tcp(
        scene, (50_021, 22), state="SF", history="ShAdDaFf", service="ssh",
        ssh_client="OpenSSH_9.7", ssh_server="OpenSSH_9.2p1 Debian-2",
    )  # fmt: skip
    talk.open().resp("PA", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    talk.orig("PA", b"SSH-2.0-OpenSSH_9.7\r\n").resp("A").close()
    yield scene


def neighbours() -> Iterator[Scene]:
    """Yield DHCP, DHCPv6, mDNS, NBNS, LLMNR and ARP."""
    yield _dhcp()
    yield _dhcp6()

    scene = Scene("mdns")
    said = names.mdns_announcement("printer", bytes([192, 168, 1, 10]), "_ipp._tcp.local")
    udp_exchange(
        scene, (5353, 5353), [(True, said)], (CLIENT, "224.0.0.251"), service="mdns"
    )  # fmt: skip
    scene.facts.append(_fact("mdns", hostname="printer", ip=CLIENT))
    yield scene

    scene = Scene("nbns")
    said = names.nbns_registration(0x2001, "WORKSTATION", bytes([192, 168, 1, 10]))
    udp_exchange(
        scene, (137, 137), [(True, said)], (CLIENT, "192.168.1.255"), service="nbns"
    )  # fmt: skip
    scene.facts.append(_fact("nbns", hostname="WORKSTATION", ip=CLIENT))
    yield scene

    scene = Scene("llmnr")
    udp_exchange(
        scene, (50_030, 5355), [(True, names.llmnr_query(0x2002, "fileserver", names.A))],
        (CLIENT, "224.0.0.252"), service="llmnr", dns_query="fileserver",
    )  # fmt: skip
    yield scene

    scene = Scene("arp")
    me = (MAC, bytes([192, 168, 1, 10]))
    other = (b"\2\0\0\0\0\2", bytes([192, 168, 1, 1]))
    ask = names.arp(1, me, (bytes(6), other[1])).ljust(46, b"\0")
    tell = names.arp(2, other, me).ljust(46, b"\0")
    scene.add(b"\xff" * 6 + me[0] + b"\x08\x06" + ask)
    scene.add(me[0] + other[0] + b"\x08\x06" + tell)
    scene.rejected["arp"] = 2
    scene.facts += [
        _fact("arp", ip=CLIENT),
        {"mac": "02:00:00:00:00:02", "ip": "192.168.1.1", "source": "arp"},
    ]
    yield scene


def _fact(source: str, **fields: str) -> dict[str, str]:
    return {"mac": CLIENT_MAC, "source": source} | fields


def _dhcp() -> Scene:
    scene = Scene("dhcp")
    lease = names.Lease(
        0x01020304, MAC, bytes([192, 168, 1, 10]), bytes([192, 168, 1, 1]), "annas-laptop",
        "MSFT 5.0", bytes([1, 3, 6, 15]),
    )  # fmt: skip
    anyone = scene.flow(
        ("0.0.0.0", 68), ("255.255.255.255", 67), "udp", state="S0", history="D", service="dhcp"
    )
    reply = scene.flow(
        ("192.168.1.1", 67), (CLIENT, 68), "udp", service="dhcp", state="S0", history="D"
    )
    for discover in (True, False):
        body = Raw(names.dhcp_request(lease, discover=discover))
        packet = ip("0.0.0.0", "255.255.255.255") / UDP(sport=68, dport=67) / body
        scene.send(packet, anyone)
        body = Raw(names.dhcp_reply(lease, offer=discover))
        packet = ip("192.168.1.1", CLIENT) / UDP(sport=67, dport=68) / body
        scene.add(
            Ether(src="02:00:00:00:00:02", dst=CLIENT_MAC) / packet, reply, payload=len(body.load)
        )
    fingerprint = {"vendor_class": "MSFT 5.0", "fingerprint": "1,3,6,15"}
    scene.facts.append(_fact("dhcp", hostname="annas-laptop", **fingerprint))
    return scene


def _dhcp6() -> Scene:
    scene = Scene("dhcpv6")
    solicit = (
        DHCP6_Solicit(trid=0x010203)
        / DHCP6OptClientId(duid=DUID_LL(lladdr=CLIENT_MAC))
        / DHCP6OptElapsedTime()
        / DHCP6OptIA_NA(iaid=1)
        / DHCP6OptClientFQDN(fqdn="annas-laptop.home", flags=0)
    )
    udp_exchange(
        scene, (546, 547), [(True, Raw(bytes(solicit)))], ("fe80::ff:fe00:1", "ff02::1:2"),
        service="dhcp",
    )  # fmt: skip
    scene.facts.append(_fact("dhcpv6", hostname="annas-laptop"))
    return scene


def scenes() -> Iterator[Scene]:
    """Yield all of them."""
    for scene in dns():
        scene.name = f"dns-{scene.name}"
        yield scene
    yield from encrypted()
    yield from plain()
    yield from neighbours()
