"""The one place where compile options live.

With NUMBA_DISABLE_JIT=1 every kernel runs as plain Python on the same arrays; the intrinsics of
kernels/bytes.py then have Python bodies. Tests run both ways.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.compiler import numba

JIT = not numba.config.DISABLE_JIT

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
    """As `kernel`, for small helpers that LLVM shall always merge into their caller.

    Only kernels may call them: without the wrapper for Python they compile in half the time.
    """
    return numba.njit(
        nogil=True,
        cache=True,
        boundscheck=False,
        error_model="numpy",
        forceinline=True,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        _nrt=False,
    )(function)


class _Record:
    """A record whose fields are attributes, as in compiled code. np.record hides some (`flags`)."""

    __slots__ = ("_void",)

    def __init__(self, void: np.void) -> None:
        object.__setattr__(self, "_void", void)

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._void[name] = value

    def __getitem__(self, name: str) -> Any:
        value = self._void[name]
        return _Record(value) if isinstance(value, np.void) else value

    def __setitem__(self, name: str, value: Any) -> None:
        self._void[name] = value


class _Records(np.ndarray[Any, Any]):
    """A structured array that gives out and takes `_Record`."""

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        return _Record(value) if isinstance(value, np.void) else value

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value._void if isinstance(value, _Record) else value)  # noqa: SLF001


def records(array: NDArray[Any]) -> NDArray[Any]:
    """Return a structured array whose records allow `rec.field` in both modes.

    Compiled code has that from the dtype; plain Python gets a view of the same memory that does it.
    """
    return array if JIT else array.view(_Records)
