import pytest

from appliance.detect.names import KNOWN, is_known_service


@pytest.mark.parametrize(
    "name",
    [
        "ctldl.windowsupdate.com", "apple.com", "time.apple.com.", "CLIENTS4.GOOGLE.COM",
        "ocsp.example.org", "0.debian.pool.ntp.org", "discovery.meethue.com", "a.b.c.d.ntp.org",
    ],
)  # fmt: skip
def test_services_that_devices_poll_are_known(name: str) -> None:
    assert is_known_service(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "com", ".", "203.0.113.9", "evil-apple.com", "apple.com.evil.example", "example.org",
        "me.dyndns.org", "x.s3.amazonaws.com", "shop.azurewebsites.net", "ntp.10",
        "api.telegram.org",
    ],
)  # fmt: skip
def test_names_that_anybody_can_have_are_not(name: str) -> None:
    assert not is_known_service(name)


def test_no_known_domain_is_a_public_suffix() -> None:
    assert all("." in domain and not domain.startswith(".") for domain in KNOWN)
