"""DNS observations for tests."""

import random
import string

from appliance.model.address import parse_address
from appliance.model.observation import DnsSeen

T0_NS = 1_700_000_000_000_000_000


def ask(
    name: str, at_s: float = 0.0, rcode: str = "", client: str = "10.0.0.5", kind: str = "A"
) -> DnsSeen:
    """Return a question, or an answer where there is an rcode."""
    ends = (*parse_address(client), *parse_address("10.0.0.1"))
    return DnsSeen(T0_NS + int(at_s * 1e9), *ends, name, kind, rcode, len(name) + 18)


def fail(name: str, at_s: float = 0.0, client: str = "10.0.0.5") -> DnsSeen:
    """Return the answer that a name does not exist."""
    return ask(name, at_s, "NXDOMAIN", client)


def drawn_names(count: int, seed: int = 1) -> list[str]:
    """Return domains of drawn letters."""
    draw = random.Random(seed)
    letters = string.ascii_lowercase
    return ["".join(draw.choices(letters, k=14)) + ".com" for _ in range(count)]


def hex_names(count: int, length: int = 60, below: str = "bad.example") -> list[str]:
    """Return names that carry data below a domain."""
    draw = random.Random(2)
    return ["".join(draw.choices("0123456789abcdef", k=length)) + "." + below for _ in range(count)]
