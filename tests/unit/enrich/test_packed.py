import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.enrich.packed import open_packed
from appliance.errors import DataError

DTYPES = {"small": "<u2", "wide": "<u8", "none": "<u4"}


@pytest.fixture(scope="module")
def packed(tmp_path_factory, data_format):
    path = tmp_path_factory.mktemp("packed") / "file.bin"
    arrays = {
        "small": np.arange(3, dtype="<u2"),
        "wide": np.array([1 << 63, 5], "<u8"),
        "none": np.array([], "<u4"),
    }
    data_format.write_packed(path, arrays)
    return path


def test_arrays_come_back(packed):
    arrays = open_packed(packed, DTYPES)
    assert arrays["small"].tolist() == [0, 1, 2]
    assert arrays["wide"].tolist() == [1 << 63, 5]
    assert arrays["none"].tolist() == []


def test_arrays_are_read_only_and_aligned(packed):
    small = open_packed(packed, DTYPES)["wide"]
    assert not small.flags.writeable
    assert small.flags.aligned


def test_cut_short_at_every_byte_is_refused(packed, tmp_path):
    raw = packed.read_bytes()
    for length in range(len(raw)):
        path = tmp_path / "cut.bin"
        path.write_bytes(raw[:length])
        with pytest.raises(DataError, match="damaged"):
            open_packed(path, DTYPES)


def test_any_changed_byte_is_refused(packed, tmp_path):
    raw = packed.read_bytes()
    path = tmp_path / "changed.bin"
    for i in range(len(raw)):
        path.write_bytes(raw[:i] + bytes([raw[i] ^ 0x10]) + raw[i + 1 :])
        with pytest.raises(DataError):
            open_packed(path, DTYPES)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "random.bin"
    for head in (b"", b"TRCRPACK"):
        path.write_bytes(head + raw)
        with pytest.raises(DataError):
            open_packed(path, DTYPES)


def test_missing_file_array_or_type_is_named(packed, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.bin"):
        open_packed(tmp_path / "nowhere.bin", DTYPES)
    with pytest.raises(DataError, match="extra"):
        open_packed(packed, {"extra": "<u2"})
    with pytest.raises(DataError, match="small is <u2"):
        open_packed(packed, {"small": "<u4"})
