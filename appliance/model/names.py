"""Names of protocol numbers, as IANA and the field spell them."""

_PROTOCOLS = {
    1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 46: "rsvp",
    47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 88: "eigrp", 89: "ospf", 94: "ipip-mobile",
    103: "pim", 112: "vrrp", 115: "l2tp", 132: "sctp", 136: "udplite",
}  # fmt: skip
_NUMBERS = {name: number for number, name in _PROTOCOLS.items()}


def protocol_name(number: int) -> str:
    """Return the name of an IP protocol; the number as text where it has none."""
    return _PROTOCOLS.get(number) or str(number)


def protocol_number(text: str) -> int:
    """Return the number for a name or a number as text; ValueError for neither."""
    number = _NUMBERS.get(text.lower())
    if number is None:
        number = int(text)
        if not 0 <= number <= 255:
            raise ValueError(f"no IP protocol: {text!r}")
    return number
