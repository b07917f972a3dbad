"""Names of IP protocols, as they are shown and asked for."""

NAMES = {
    1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 17: "udp", 27: "rdp", 33: "dccp", 41: "ipv6",
    46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 88: "eigrp", 89: "ospf",
    103: "pim", 112: "vrrp", 115: "l2tp", 132: "sctp", 136: "udplite",
}  # fmt: skip
_NUMBERS = {name: number for number, name in NAMES.items()} | {"icmp6": 58, "icmpv6": 58}


def protocol_name(number: int) -> str:
    """Return the name, or the number as text."""
    return NAMES.get(number) or str(number)


def protocol_number(text: str) -> int:
    """Return the number of a name or of a decimal text; ValueError if it is neither."""
    number = _NUMBERS.get(text.lower())
    if number is not None:
        return number
    if text.isascii() and text.isdecimal() and int(text) < 256:
        return int(text)
    raise ValueError(f"unknown protocol {text!r}")
