import random
import string

import pytest

from appliance.detect.domains import (
    has_top_label,
    looks_drawn,
    registered_domain,
    usual_share,
)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("www.example.com", "example.com"),
        ("example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", ""),
        ("a.b.me.example", "me.example"),  # "me" is a second level of countries only
        ("x.bad.duckdns.org", "bad.duckdns.org"),
        ("printer", ""),
        ("4.3.2.1.in-addr.arpa", ""),
        ("nas.local", ""),
        ("192.0.2.1", ""),
        ("dnscat.00ff17", ""),
        ("", ""),
        (".", ""),
    ],
)
def test_registered_domain(name: str, domain: str) -> None:
    assert registered_domain(name) == domain


def test_top_labels() -> None:
    assert has_top_label("a.museum")
    assert has_top_label("a.xn--p1ai")
    assert not has_top_label("a.b3")


@pytest.mark.parametrize(
    "name",
    ["facebook.com", "doubleclick.net", "scorecardresearch.com", "googletagmanager.com",
     "wikipedia.org", "stackoverflow.com", "qq.com", "fbcdn.net", "xn--bcher-kva.example"],
)  # fmt: skip
def test_names_people_thought_up(name: str) -> None:
    assert not looks_drawn(name)


def test_drawn_names() -> None:
    draw = random.Random(1)
    letters = string.ascii_lowercase
    names = ["".join(draw.choices(letters, k=12)) + ".com" for _ in range(200)]
    assert sum(map(looks_drawn, names)) > 150
    names = ["".join(draw.choices(letters + string.digits, k=16)) + ".net" for _ in range(200)]
    assert sum(map(looks_drawn, names)) > 195


def test_usual_share() -> None:
    assert usual_share("banana") == 1.0
    assert usual_share("xqzj") == 0.0
    assert usual_share("a") == 1.0
