"""Who lives in the demonstration network: devices with makers, names and manners."""

import ipaddress
from typing import NamedTuple

from appliance.demo.conversation import Endpoint
from appliance.demo.hello import BROWSER, GADGET, LIBRARY, PHONE, TlsClient

HOME_NETWORKS = ("192.168.20.0/24", "2001:db8:20::/64")  # what `network.home` should say
_PREFIX4 = ipaddress.IPv4Network(HOME_NETWORKS[0])
_PREFIX6 = ipaddress.IPv6Network(HOME_NETWORKS[1])
ROUTER_OCTET = 1

_WINDOWS = "1,3,6,15,31,33,43,44,46,47,119,121,249,252"
_APPLE = "1,121,3,6,15,108,114,119,252"
_ANDROID = "1,3,6,15,26,28,51,58,59,43,114,108"
_LINUX = "1,2,6,12,15,26,28,121,3,33,40,41,42,119,249,252,17"
_BUSYBOX = "1,3,6,12,15,28,42"


class Device(NamedTuple):
    """One device: address, maker, and what it tells about itself."""

    hostname: str
    mac: bytes
    octet: int  # last byte of its IPv4 address
    parameters: str = ""  # DHCP option 55
    vendor_class: str = ""  # DHCP option 60
    service: str = ""  # offered by mDNS, e.g. "_ipp._tcp.local"
    tls: TlsClient = LIBRARY
    user_agent: str = ""
    ttl: int = 64
    ipv6: bool = False
    netbios: bool = False

    @property
    def ip(self) -> bytes:
        """IPv4 address."""
        return _PREFIX4[self.octet].packed

    @property
    def ip6(self) -> bytes:
        """IPv6 address with the interface identifier made from the MAC (RFC 4291, appendix A)."""
        return _PREFIX6.network_address.packed[:8] + self._interface_id

    @property
    def link_local(self) -> bytes:
        """IPv6 address within the link."""
        return b"\xfe\x80" + bytes(6) + self._interface_id

    @property
    def _interface_id(self) -> bytes:
        mac = self.mac
        return bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]

    def at(self, port: int, *, ipv6: bool = False) -> Endpoint:
        """Return the device as one end of a conversation."""
        return Endpoint(self.mac, self.ip6 if ipv6 else self.ip, port, self.ttl)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text)


ROUTER = Device("fritz.box", _mac("3ca62f10a401"), ROUTER_OCTET, ipv6=True)
NAS = Device(
    "diskstation", _mac("0011327c91d2"), 10, _LINUX, "", "_smb._tcp.local",
    user_agent="Synology-DSM/7.2", ipv6=True, netbios=True,
)  # fmt: skip
SERVER = Device(
    "build01", _mac("1866da4f2290"), 11, _LINUX, "", "_ssh._tcp.local",
    user_agent="Debian APT-HTTP/1.3 (2.6.1)", ipv6=True,
)  # fmt: skip
LAPTOP = Device(
    "annas-macbook", _mac("a483e75b0c31"), 21, _APPLE + ",95,44,46", "",
    "_companion-link._tcp.local", PHONE,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", ipv6=True,
)  # fmt: skip
WORKSTATION = Device(
    "DESKTOP-7KQ2F1", _mac("3413e8a27d05"), 22, _WINDOWS, "MSFT 5.0", "", BROWSER,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", 128, ipv6=True, netbios=True,
)  # fmt: skip
HANDSET = Device(
    "Pixel-8", _mac("3c5ab4e1907f"), 23, _ANDROID, "android-dhcp-14", "", PHONE,
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36", ipv6=True,
)  # fmt: skip
TELEVISION = Device(
    "living-room-tv", _mac("8c79f5c3441a"), 31, _BUSYBOX + ",125", "udhcp 1.21.1",
    "_airplay._tcp.local", LIBRARY, "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0)",
)  # fmt: skip
CAMERA = Device(
    "frontdoor-cam", _mac("ec71db60be18"), 32, _BUSYBOX, "udhcp 1.30.1", tls=GADGET,
    user_agent="Reolink/3.1",
)  # fmt: skip
PRINTER = Device(
    "HP8A12C4", _mac("3cd92b8a12c4"), 33, "6,3,1,15,66,67,13,44,12,81,252", "HP", "_ipp._tcp.local",
    GADGET, "HP-ePrint/1.0", 255, netbios=True,
)  # fmt: skip
PLUG = Device("HS110", _mac("50c7bf21d95e"), 34, _BUSYBOX, "", tls=GADGET, ttl=255)
SPEAKER = Device(
    "amazon-echo", _mac("44650d7e03b6"), 35, "1,3,6,12,15,28,33,51,58,59", "dhcpcd-5.5.6",
    tls=LIBRARY, user_agent="AlexaMediaPlayer/2.1",
)  # fmt: skip
RASPBERRY = Device(
    "homeassistant", _mac("dca63205f7aa"), 12, _LINUX, "", "_home-assistant._tcp.local",
    user_agent="HomeAssistant/2025.6 aiohttp/3.12", ipv6=True,
)  # fmt: skip
CONSOLE = Device("switch", _mac("98b6e9442d13"), 36, "1,3,6,15,28,33", "", tls=GADGET)

DEVICES = (
    ROUTER, NAS, SERVER, RASPBERRY, LAPTOP, WORKSTATION, HANDSET, TELEVISION, CAMERA, PRINTER,
    PLUG, SPEAKER, CONSOLE,
)  # fmt: skip

GHOST_OCTET = 77  # an address nobody has: somebody still looks for it
