r"""Model files: numpy arrays and JSON, with a checksum over all of it. Nothing in them is executed.

    "TRACER-MODEL 1\n"  sha256 of the rest in hex  "\n"  npz without pickles

The array `about` holds the JSON of `About` as bytes.
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError

MAGIC = b"TRACER-MODEL 1\n"
_HEAD = len(MAGIC) + 64 + 1
_MOST_BYTES = 256 << 20
_ABOUT = "about"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model comes from."""

    kind: str  # hosts, flows, naive
    features: tuple[str, ...]
    version: int = 0  # 0 = not yet taken in by a shelf
    parent: int = 0  # version that was current when this one was trained; 0 none
    trained_s: float = 0.0  # when, s since the epoch
    since_s: float = 0.0  # span of the training data
    until_s: float = 0.0
    rows: int = 0
    hosts: int = 0
    numbers: dict[str, float] = {}  # thresholds and the like
    versions: dict[str, str] = {}  # of the libraries that trained it
    content: str = ""  # sha256 of arrays, features and numbers: the same data give the same


class ModelFile(msgspec.Struct, frozen=True):
    """What stands in a model file."""

    about: About
    arrays: dict[str, Any]

    def expect(self, kind: str, features: Sequence[str]) -> None:
        """Raise DataError unless this is a model of that kind over those features."""
        if self.about.kind != kind:
            raise DataError(f"this is a model of {self.about.kind}, not of {kind}")
        if self.about.features != tuple(features):
            raise DataError(f"the model of {kind} was trained on other features")

    def number(self, name: str) -> float:
        """Return one of the numbers. Raises DataError if it is missing or not finite."""
        value = self.about.numbers.get(name, float("nan"))
        if not np.isfinite(value):
            raise DataError(f"the model of {self.about.kind} has no {name}")
        return value


def make_model_file(about: About, arrays: dict[str, NDArray[Any]]) -> ModelFile:
    """Return a model file with its content hash."""
    digest = hashlib.sha256()
    digest.update(msgspec.json.encode([about.kind, about.features, sorted(about.numbers.items())]))
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.descr} {array.shape}".encode())
        digest.update(array.tobytes())
    return ModelFile(msgspec.structs.replace(about, content=digest.hexdigest()), arrays)


def write_model_file(path: Path, file: ModelFile) -> None:
    """Write a model file; it is there whole or not at all."""
    about = np.frombuffer(msgspec.json.encode(file.about), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{_ABOUT: about}, **file.arrays)
    body = buffer.getvalue()
    digest = hashlib.sha256(body).hexdigest().encode()
    replace_file(path, MAGIC + digest + b"\n" + body)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a power cut leaves the old or the new one. Raises DataError."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(f"{path} cannot be written: {error.strerror}") from error


def read_model_file(path: Path) -> ModelFile:
    """Read a model file. Raises DataError if it is missing, foreign, cut short or damaged."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path} is too large for a model file")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if not content.startswith(MAGIC):
        raise DataError(f"{path} is not a model file of this program")
    body = content[_HEAD:]
    if hashlib.sha256(body).hexdigest().encode() + b"\n" != content[len(MAGIC) : _HEAD]:
        raise DataError(f"{path} is damaged: its checksum does not fit")
    try:
        return _parse(body)
    except (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is not a model file: {error}") from error


def _parse(body: bytes) -> ModelFile:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError("it unpacks to too much")
    with np.load(io.BytesIO(body), allow_pickle=False) as entries:
        arrays = {name: entries[name] for name in entries.files}
    about = msgspec.json.decode(arrays.pop(_ABOUT).tobytes(), type=About)
    return ModelFile(about, arrays)
