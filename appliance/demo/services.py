"""Who the demonstration network talks to: public names with plausible addresses and distances.

The addresses lie in the ranges of their well-known owners, so that a GeoIP database places them in
many countries. They only ever appear as bytes of synthetic frames.
"""

import ipaddress
from typing import NamedTuple

from appliance.demo.conversation import MS_NS, Endpoint
from appliance.demo.devices import ROUTER


class Service(NamedTuple):
    """One name on the Internet."""

    name: str
    ip: bytes
    rtt_ns: int
    ip6: bytes = b""  # empty: IPv4 only
    ttl: int = 55

    def at(self, port: int, *, ipv6: bool = False) -> Endpoint:
        """Return the service as one end of a conversation, seen through the router."""
        return Endpoint(ROUTER.mac, self.ip6 if ipv6 else self.ip, port, self.ttl)


def _service(name: str, ip: str, rtt_ms: float, ip6: str = "") -> Service:
    packed6 = ipaddress.IPv6Address(ip6).packed if ip6 else b""
    ttl = 64 - min(20, 5 + int(rtt_ms / 10))
    return Service(name, ipaddress.IPv4Address(ip).packed, int(rtt_ms * MS_NS), packed6, ttl)


RESOLVERS = (
    _service("dns.google", "8.8.8.8", 11, "2001:4860:4860::8888"),
    _service("one.one.one.one", "1.1.1.1", 8, "2606:4700:4700::1111"),
    _service("dns.quad9.net", "9.9.9.9", 9, "2620:fe::fe"),
)

WEB = (
    _service("www.google.com", "142.250.185.100", 12, "2a00:1450:4001:82b::2004"),
    _service("fonts.gstatic.com", "142.250.186.35", 12, "2a00:1450:4001:830::2003"),
    _service("www.wikipedia.org", "185.15.59.224", 14, "2a02:ec80:300:ed1a::1"),
    _service("upload.wikimedia.org", "185.15.59.240", 14, "2a02:ec80:300:ed1a::2:b"),
    _service("github.com", "140.82.121.4", 15),
    _service("github.githubassets.com", "185.199.108.154", 13, "2606:50c0:8000::154"),
    _service("www.reddit.com", "151.101.1.140", 13, "2a04:4e42::396"),
    _service("www.bbc.co.uk", "212.58.244.210", 24),
    _service("www.heise.de", "193.99.144.85", 10, "2a02:2e0:3fe:1001:7777:772e:2:85"),
    _service("www.lemonde.fr", "146.75.118.137", 18),
    _service("www.service-public.fr", "160.92.168.33", 21),
    _service("www.uol.com.br", "200.147.3.157", 215),
    _service("www.yahoo.co.jp", "183.79.249.252", 245),
    _service("www.abc.net.au", "203.2.218.214", 290),
    _service("www.cloudflare.com", "104.16.124.96", 9, "2606:4700::6810:7c60"),
    _service("outlook.office365.com", "52.97.151.130", 17, "2603:1026:c03:402c::2"),
    _service("gateway.icloud.com", "17.248.213.64", 19),
    _service("mail.proton.me", "185.70.42.36", 20),
    _service("www.svt.se", "23.44.17.204", 30),
    _service("static.nrk.no", "160.68.205.231", 33),
    _service("www.naver.com", "223.130.200.104", 260),
    _service("www.iitb.ac.in", "103.21.124.10", 150),
)
QUIC = (
    _service("www.youtube.com", "142.250.186.46", 12, "2a00:1450:4001:831::200e"),
    _service("i.ytimg.com", "142.250.184.214", 12, "2a00:1450:4001:80f::2016"),
    _service("scontent-fra5-1.xx.fbcdn.net", "157.240.253.22", 11, "2a03:2880:f24f:84::1"),
)
VIDEO = (
    _service("rr4---sn-4g5ednsk.googlevideo.com", "173.194.188.41", 11),
    _service("ipv4-c012-fra001-ix.1.oca.nflxvideo.net", "45.57.40.139", 10),
    _service("ard-mediathek.akamaized.net", "23.53.40.88", 9),
)
CAMERA_CLOUD = _service("reolink-eu.s3.eu-west-1.amazonaws.com", "52.218.97.40", 31)
PLUG_CLOUD = _service("eu-wap.tplinkcloud.com", "52.19.143.213", 32)
VOICE_CLOUD = _service("avs-alexa-12-eu.amazon.com", "52.95.122.105", 29)
PRINTER_CLOUD = _service("xmpp007.hpeprint.com", "15.73.182.129", 110)
CONSOLE_CLOUD = _service("conntest.nintendowifi.net", "52.68.114.30", 240)
CONNECTIVITY = _service("connectivitycheck.gstatic.com", "142.250.185.163", 12)
MIRROR = _service("deb.debian.org", "151.101.86.132", 12, "2a04:4e42:14::644")
GIT = _service("gitlab.com", "172.65.251.78", 13)
CALL = _service("worldaz.tr.teams.microsoft.com", "52.113.194.132", 22)
TIME = (
    _service("ptbtime1.ptb.de", "192.53.103.108", 13, "2001:638:610:be01::108"),
    _service("ntp.nict.jp", "133.243.238.243", 250),
    _service("time.apple.com", "17.253.14.125", 12),
)
VISITORS = (  # those who come to the port the router forwards to the NAS
    _service("static.33.130.9.5.clients.your-server.de", "5.9.130.33", 14),
    _service("scan-12.shadowserver.example", "184.105.139.67", 150),
    _service("host-187-45-210-9.example.br", "187.45.210.9", 220),
    _service("anna-mobile.example.fr", "90.84.201.17", 38),
)
