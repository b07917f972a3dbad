"""numba without scipy: it would be loaded for linear algebra that no kernel uses, and stay.

Measured: 17 MB of resident memory.
"""

import sys

_ABSENT = "scipy"
_known = sys.modules.get(_ABSENT)
if _known is None:
    sys.modules[_ABSENT] = None  # type: ignore[assignment] # what import takes for "not installed"

import numba  # noqa: E402

if _known is None:
    del sys.modules[_ABSENT]

__all__ = ["numba"]
