import pytest

from appliance.enrich.owners import HOSTING, MIXED, VENDORS, make_marks
from appliance.model.address import Address
from appliance.model.contact import MARK_CLOUD, MARK_COUNTRY, MARK_LOCAL, MARK_VENDOR


def make(asn: int = 0, country: str = "", *, local: bool = False) -> Address:
    address = Address(0, 0xFFFF_CB00_7109)
    address.asn, address.country, address.local = asn, country, local
    return address


@pytest.mark.parametrize(
    ("asn", "marks"),
    [
        (714, MARK_VENDOR),
        (15_169, MARK_VENDOR),
        (16_509, MARK_VENDOR | MARK_CLOUD),
        (24_940, MARK_CLOUD),
        (64_500, 0),
        (0, 0),
    ],
)
def test_owner_by_as_number(asn: int, marks: int) -> None:
    assert make_marks(make(asn)) == marks


def test_country_letters_first_in_the_high_byte() -> None:
    assert make_marks(make(country="DE")) & MARK_COUNTRY == 0x4445
    assert make_marks(make(24_940, "DE")) == MARK_CLOUD | 0x4445
    assert make_marks(make(country="?")) == 0


def test_what_is_at_home_is_nothing_else() -> None:
    assert make_marks(make(714, "US", local=True)) == MARK_LOCAL


def test_every_number_stands_in_one_table() -> None:
    assert not VENDORS & MIXED
    assert not VENDORS & HOSTING
    assert not MIXED & HOSTING
