import pytest

from appliance.cases.advice import write_advice
from appliance.model.alert import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_to_do(kind: str) -> None:
    text = write_advice(kind, "cam (192.168.1.5)", "203.0.113.7", inside=True)
    assert text.endswith(".")
    assert "{" not in text
    assert 40 < len(text) < 260
    assert not any(word in text.lower() for word in ("threat actor", "anomal", "ioc", "!"))


def test_nobody_unplugs_a_stranger() -> None:
    assert "Strangers" in write_advice("port_scan", "198.51.100.1", "192.168.1.2", inside=False)
    assert "Strangers" not in write_advice("threat_intel", "198.51.100.1", "", inside=False)


def test_braces_in_names_are_only_braces() -> None:
    text = write_advice("beacon", "{peer}{host}", "{0.__class__}", inside=True)
    assert "{0.__class__}" in text
    assert write_advice("beacon", "", "", inside=True).startswith("Look up who runs the other end")
    assert write_advice("unheard_of", "", "", inside=True)
