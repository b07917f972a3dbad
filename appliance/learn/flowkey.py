"""Keys of flows as columns, and the features behind them; plain numpy, as training needs it."""

import numpy as np
from numpy.typing import NDArray

from appliance.model import flowkey as k

_SMOOTH = 0.5  # counts added to every value, so that nothing is impossible
_RAREST = 12.0  # bits; below one in 4096 rarity is a matter of chance


def column(keys: NDArray[np.uint64], field: tuple[int, int]) -> NDArray[np.int64]:
    """Return one field of each key."""
    shift, bits = field
    return ((keys >> np.uint64(shift)) & np.uint64((1 << bits) - 1)).astype(np.int64)


def without_service(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the keys as those of flows about whose service nothing is known."""
    shift, bits = k.SERVICE
    return keys & np.uint64(~(((1 << bits) - 1) << shift) & 0xFFFF_FFFF_FFFF_FFFF)


def make_rarity(keys: NDArray[np.uint64], counts: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return how rare each value is under its condition, bits; float32 (T_END,).

    keys, counts : (n,), each key with how often it occurred
    """
    rarity = np.zeros(k.T_END, np.float32)
    port, direction = column(keys, k.PORT), column(keys, k.DIRECTION)
    step = {"close": True}
    for start, condition, conditions, field, width, options in (
        (k.T_PORT, direction, 4, k.PORT, 64, {}),
        (k.T_SERVICE, port, 64, k.SERVICE, 32, {}),
        (k.T_OUTCOME, port, 64, k.OUTCOME, 8, {}),
        (k.T_PROTO, direction, 4, k.PROTO, 8, {}),
        (k.T_OUT, port, 64, k.OUT, 32, step),
        (k.T_IN, port, 64, k.IN, 32, step),
        (k.T_DURATION, port, 64, k.DURATION, 32, step),
    ):
        at = condition * width + column(keys, field)
        table = np.bincount(at, counts, conditions * width).astype(np.float64)
        rarity[start : start + conditions * width] = _bits(
            table.reshape(conditions, width), **options
        ).reshape(-1)
    return rarity


def _bits(table: NDArray[np.float64], *, close: bool = False) -> NDArray[np.float64]:
    """Return -log2 of the shares in each row; close : neighbouring values count half as much."""
    if close:
        padded = np.pad(table, ((0, 0), (1, 1)))
        table = 0.5 * table + 0.25 * (padded[:, :-2] + padded[:, 2:])
    smooth = table + _SMOOTH
    bits: NDArray[np.float64] = -np.log2(smooth / smooth.sum(1, keepdims=True))
    return np.minimum(bits, _RAREST)


def features_of(keys: NDArray[np.uint64], rarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return float32 (n, FLOW_FEATURES): what the kernel works out for each key."""
    out, answer = column(keys, k.OUT), column(keys, k.IN)
    duration, port = column(keys, k.DURATION), column(keys, k.PORT)
    direction = column(keys, k.DIRECTION)
    columns = (
        out,
        np.maximum(out - answer, 0),
        column(keys, k.PACKETS),
        duration,
        rarity[k.T_PORT + direction * 64 + port],
        rarity[k.T_SERVICE + port * 32 + column(keys, k.SERVICE)],
        rarity[k.T_OUTCOME + port * 8 + column(keys, k.OUTCOME)],
        rarity[k.T_PROTO + direction * 8 + column(keys, k.PROTO)],
        rarity[k.T_OUT + port * 32 + out],
        rarity[k.T_IN + port * 32 + answer],
        rarity[k.T_DURATION + port * 32 + duration],
    )
    return np.column_stack(columns).astype(np.float32)
