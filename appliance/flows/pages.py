"""Memory for tables that are visited at random."""

import contextlib
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HUGE_PAGE = 1 << 21


def allocate(count: int, dtype: Any) -> NDArray[Any]:
    """Return zeroed memory in huge pages where the kernel has them, taken when it is touched.

    The table is visited at random: with small pages most visits would also miss the TLB. The start
    is aligned far beyond a cache line.
    """
    size = count * np.dtype(dtype).itemsize
    block = mmap.mmap(-1, size + _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if size >= _HUGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without them
            block.madvise(mmap.MADV_HUGEPAGE)
    raw = np.frombuffer(block, np.uint8)
    start = -raw.ctypes.data % _HUGE_PAGE
    return raw[start : start + size].view(dtype)
