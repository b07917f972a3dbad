"""Every port has a class with a name."""

import pytest

from appliance.learn.portclass import PORT_CLASSES, port_classes


@pytest.mark.parametrize(
    ("port", "name"),
    [
        (0, "a protocol without ports"),
        (443, "HTTPS"),
        (465, "mail sending"),
        (777, "another port below 1024"),
        (32_400, "another registered port"),
        (31_337, "a port without a name"),
        (60_000, "an ephemeral port"),
        (51_820, "VPN"),
    ],
)
def test_classes(port: int, name: str) -> None:
    assert PORT_CLASSES[port_classes()[port]] == name


def test_classes_fit_their_bits() -> None:
    assert int(port_classes().max()) == len(PORT_CLASSES) - 1 < 64
