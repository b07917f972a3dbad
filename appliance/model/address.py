"""Addresses: their two forms, and what is known about one."""

import ipaddress

MAPPED = 0xFFFF << 32  # low word of an IPv4 address mapped into IPv6


class Address:
    """One IP address and what enrichment knows about it. Interned by enrich: compare by identity.

    Geography is held here, once per address, never per flow.
    """

    __slots__ = (
        "_ip", "asn", "city", "country", "hi", "latitude", "lo", "local", "longitude", "marks",
        "org", "row",
    )  # fmt: skip

    def __init__(self, hi: int, lo: int) -> None:
        self.hi = hi
        self.lo = lo
        self._ip = ""
        self.local = False  # private, loopback, link-local, multicast, or in a home network
        self.country = ""  # ISO 3166-1 alpha-2, "" unknown
        self.asn = 0  # 0 unknown
        self.org = ""  # the AS's organisation
        self.city = ""
        self.latitude: float | None = None  # degrees
        self.longitude: float | None = None
        self.marks = 0  # country and owner for the detection kernels, model/contact.py MARK_*
        self.row = 0  # the store's id; 0 while it has none, or none with this geography

    @property
    def ip(self) -> str:
        """The usual text form, made when it is first asked for."""
        if not self._ip:
            self._ip = format_address(self.hi, self.lo)
        return self._ip

    @property
    def packed(self) -> bytes:
        """4 or 16 bytes, network order."""
        return pack_address(self.hi, self.lo)


def is_ipv4(hi: int, lo: int) -> bool:
    """Tell whether two words hold a mapped IPv4 address."""
    return hi == 0 and lo >> 32 == 0xFFFF


def pack_address(hi: int, lo: int) -> bytes:
    """Return 4 or 16 bytes in network order."""
    if is_ipv4(hi, lo):
        return (lo & 0xFFFFFFFF).to_bytes(4, "big")
    return hi.to_bytes(8, "big") + lo.to_bytes(8, "big")


def unpack_address(packed: bytes) -> tuple[int, int]:
    """Return (hi, lo) of 4 or 16 bytes in network order."""
    if len(packed) == 4:
        return 0, MAPPED | int.from_bytes(packed, "big")
    return int.from_bytes(packed[:8], "big"), int.from_bytes(packed[8:], "big")


def format_address(hi: int, lo: int) -> str:
    """Return the usual text form (RFC 5952 for IPv6)."""
    if is_ipv4(hi, lo):
        return f"{lo >> 24 & 255}.{lo >> 16 & 255}.{lo >> 8 & 255}.{lo & 255}"
    return str(ipaddress.IPv6Address(hi << 64 | lo))


def parse_address(text: str) -> tuple[int, int]:
    """Return (hi, lo); ValueError if the text is no address."""
    return unpack_address(ipaddress.ip_address(text).packed)


def format_mac(mac: int) -> str:
    """Return aa:bb:cc:dd:ee:ff; "" for 0."""
    return ":".join(f"{mac >> s & 255:02x}" for s in (40, 32, 24, 16, 8, 0)) if mac else ""
