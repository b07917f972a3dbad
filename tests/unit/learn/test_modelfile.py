"""Model files: the same in as out, and nothing else gets in."""

import hashlib
import io
import os
import pickle
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.errors import DataError
from appliance.learn.modelfile import (
    MAGIC,
    About,
    ModelFile,
    make_model_file,
    read_model_file,
    write_model_file,
)

ABOUT = About(kind="hosts", features=("a", "b"), numbers={"threshold": 0.5})
ARRAYS = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.array([1], np.uint64)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "one.model"
    write_model_file(path, make_model_file(ABOUT, ARRAYS))
    return path


def sealed(body: bytes) -> bytes:
    return MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def test_what_was_written_is_read(path: Path) -> None:
    file = read_model_file(path)
    assert file.about == make_model_file(ABOUT, ARRAYS).about
    for name, array in ARRAYS.items():
        assert np.array_equal(file.arrays[name], array)
        assert file.arrays[name].dtype == array.dtype
        assert file.arrays[name].flags.writeable  # one type of buffer for the compiler
    assert file.number("threshold") == 0.5
    assert not list(path.parent.glob(".*"))


def test_the_content_hash_depends_on_the_content_only() -> None:
    base = make_model_file(ABOUT, ARRAYS).about.content
    later = msgspec.structs.replace(ABOUT, trained_s=5.0, version=3, versions={"numpy": "9"})
    assert make_model_file(later, dict(reversed(ARRAYS.items()))).about.content == base
    other = ARRAYS | {"y": np.array([2], np.uint64)}
    assert make_model_file(ABOUT, other).about.content != base
    moved = msgspec.structs.replace(ABOUT, numbers={"threshold": 0.6})
    assert make_model_file(moved, ARRAYS).about.content != base


def test_every_flipped_bit_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        bad = bytearray(whole)
        bad[place] ^= 1 << (place % 8)
        path.write_bytes(bad)
        with pytest.raises(DataError):
            read_model_file(path)


def test_every_cut_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for length in (0, 1, len(MAGIC), len(MAGIC) + 30, len(MAGIC) + 65, 200, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            read_model_file(path)


class Bomb:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, ("unpickled",))


def test_a_pickle_is_never_opened(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even one with the right magic and checksum."""
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    about = np.frombuffer(msgspec.json.encode(ABOUT), np.uint8)
    np.savez(buffer, about=about, x=np.array([Bomb()], object))
    for body in (pickle.dumps(Bomb()), buffer.getvalue()):
        path.write_bytes(sealed(body))
        with pytest.raises(DataError, match="not a model file"):
            read_model_file(path)
    assert not (tmp_path / "unpickled").exists()


def test_foreign_content_is_refused(path: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.zeros(3))
    for body in (b"", b"PK\x05\x06", b"\x00" * 100, buffer.getvalue()):
        path.write_bytes(sealed(body))
        with pytest.raises(DataError):
            read_model_file(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_model_file(tmp_path / "none.model")
    with pytest.raises(DataError, match="cannot be read"):
        read_model_file(tmp_path)


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        write_model_file(tmp_path / "none" / "x.model", make_model_file(ABOUT, ARRAYS))


def test_what_is_expected_is_checked() -> None:
    file = ModelFile(ABOUT, {})
    file.expect("hosts", ["a", "b"])
    with pytest.raises(DataError, match="not of flows"):
        file.expect("flows", ["a", "b"])
    with pytest.raises(DataError, match="other features"):
        file.expect("hosts", ["a"])
    with pytest.raises(DataError, match="no limit"):
        file.number("limit")
