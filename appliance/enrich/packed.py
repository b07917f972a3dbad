"""Files of arrays that are mapped into memory: read-only, shared, and paged in as they are used.

Layout, little-endian: magic (8 bytes), length of the header, CRC-32 of header and body (4 bytes
each), header (JSON: {"bytes": length of the body, "arrays": {name: {dtype, count, offset}}}),
body. Offsets count from the start of the body.
"""

import json
import mmap
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError

MAGIC = b"TRCRPACK"
PREFIX_BYTES = 16
MAX_HEADER_BYTES = 65_536
CHUNK_BYTES = 262_144


def open_packed(path: Path, dtypes: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """Return the arrays named in `dtypes`; DataError if the file is not whole.

    The check reads the file once, past the mapping: its pages are not held by this process.
    """
    try:
        with path.open("rb") as file:
            header, start = _read_header(file)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}") from error
    mapped.madvise(mmap.MADV_RANDOM)
    try:
        return {name: _view(mapped, start, header, name, dtypes[name]) for name in dtypes}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged: {error}") from error


def _read_header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """Return the header and where the body starts; ValueError if the file is not whole."""
    prefix = file.read(PREFIX_BYTES)
    if len(prefix) < PREFIX_BYTES or not prefix.startswith(MAGIC):
        raise ValueError("it does not begin as a packed file")
    size, expected = (int.from_bytes(prefix[i : i + 4], "little") for i in (8, 12))
    if size > MAX_HEADER_BYTES:
        raise ValueError("the header is too long")
    raw = file.read(size)
    check, length = zlib.crc32(raw), 0
    while chunk := file.read(CHUNK_BYTES):
        check, length = zlib.crc32(chunk, check), length + len(chunk)
    if check != expected:
        raise ValueError("the checksum is wrong")
    header = json.loads(raw)
    if header["bytes"] != length:
        raise ValueError(f"{length} bytes instead of {header['bytes']}")
    return header, PREFIX_BYTES + size


def _view(
    mapped: mmap.mmap, start: int, header: dict[str, Any], name: str, dtype: str
) -> NDArray[Any]:
    layout = header["arrays"][name]
    if layout["dtype"] != dtype:
        raise ValueError(f"{name} is {layout['dtype']} instead of {dtype}")
    count, offset = int(layout["count"]), int(layout["offset"])
    if count == 0:
        return np.empty(0, dtype)
    if count < 0 or offset < 0:
        raise ValueError(f"{name} lies outside")
    return np.frombuffer(mapped, dtype, count, start + offset)
