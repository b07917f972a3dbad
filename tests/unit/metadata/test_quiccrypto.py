from hypothesis import given
from hypothesis import strategies as st

from appliance.metadata.quic import find_initials, make_opener
from appliance.metadata.quiccrypto import AesOpener
from tests.support.hellos import build_initial, crypto_frame


def test_sample_and_mask_of_rfc_9001() -> None:
    """Its example of a client Initial, A.2."""
    opener = AesOpener(bytes(16), bytes(12), bytes.fromhex("9f50449e04a0e810283a1e9933adedd2"))
    mask = opener._mask.update(bytes.fromhex("d1b1c98dd7689fb8ec11d242b123dc9b"))
    assert mask[:5].hex() == "437b9aec36"


def test_wrong_keys_open_nothing() -> None:
    datagram = build_initial(crypto_frame(0, b"hello"))
    (initial,) = find_initials(datagram)
    assert make_opener(1, b"another").open(datagram, initial) is None


@given(st.integers(0, 65_535), st.binary(max_size=100))
def test_round_trip(number: int, data: bytes) -> None:
    datagram = build_initial(crypto_frame(0, data), number=number)
    (initial,) = find_initials(datagram)
    frames = make_opener(1, initial.destination).open(datagram, initial)
    assert frames is not None
    assert frames.startswith(crypto_frame(0, data))
