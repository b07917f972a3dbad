"""The one place where compile options live.

With NUMBA_DISABLE_JIT=1 every kernel runs as plain Python on the same arrays; the intrinsics of
kernels/bytes.py then have Python bodies. Tests run both ways.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba import config
from numpy.typing import NDArray

JIT = not config.DISABLE_JIT

# Conversions inside kernels. Signed and unsigned never meet without one: numba would make floats.
i64: Any = np.int64
u64: Any = np.uint64

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def kernel(function: _Kernel) -> _Kernel:
    """Compile for nogil use, cached on disk; the options every kernel shares."""
    return numba.njit(nogil=True, cache=True, boundscheck=False, error_model="numpy", _nrt=False)(
        function
    )


def inline(function: _Kernel) -> _Kernel:
    """As `kernel`, for small helpers that LLVM shall always merge into their caller."""
    return numba.njit(
        nogil=True,
        cache=True,
        boundscheck=False,
        error_model="numpy",
        forceinline=True,
        _nrt=False,
    )(function)


def records(array: NDArray[Any]) -> NDArray[Any]:
    """Return a structured array whose records allow `rec.field` in both modes.

    Compiled code has that from the dtype; plain Python needs a recarray view of the same memory.
    """
    return array if JIT else array.view(np.recarray)
