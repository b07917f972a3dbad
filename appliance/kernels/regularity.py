"""Rhythm and sizes of a contact's last flows. Oracle: tests/oracles/regularity.py.

Interval statistics after RITA (Bowley skew and MAD, each turned into a score of 0..1), with starts
merged that are close together, because one visit often opens several connections.
"""

from typing import Any

from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.model.contact import FLOW_ANSWERED, FLOW_FAILED, TIMES
from appliance.model.pair import MIN_INTERVALS

MERGES = 4
GRID_S = 30.0  # what people set timers to
SCRATCH = (4, TIMES)  # shape of the scratch array, f8
_STARTS = u64(0)
_MERGED = u64(1)
_SORTED = u64(2)
_NEAR = u64(3)
_FAR = 1e300
FEW = 4  # flows in five minutes up to which sizes are not asked for


@inline
def _gap(step: int) -> float:
    """Return how close starts are merged, s: not at all, a page, a visit, a sync."""
    if step == 0:
        return 0.5
    if step == 1:
        return 10.0
    if step == 2:
        return 60.0
    return 300.0


@inline
def _sort(scratch: Any, line: int, count: int) -> None:
    """Sort the first values of a line ascending (Shell, gaps of Ciura)."""
    line = u64(line)
    gap = 23
    while gap > 0:
        for i in range(gap, count):
            value = scratch[line, u64(i)]
            at = i
            while at >= gap and scratch[line, u64(at - gap)] > value:
                scratch[line, u64(at)] = scratch[line, u64(at - gap)]
                at -= gap
            scratch[line, u64(at)] = value
        gap = 10 if gap == 23 else 4 if gap == 10 else 1 if gap == 4 else 0


@inline
def _quantile(scratch: Any, line: int, count: int, quarter: int) -> float:
    """Return a quartile of a sorted line, interpolated as numpy does."""
    place = (count - 1) * quarter
    low = place >> 2
    rest = (place & 3) * 0.25
    below = scratch[u64(line), u64(low)]
    if rest == 0.0:
        return below
    return below + (scratch[u64(line), u64(low + 1)] - below) * rest


@inline
def _spread(scratch: Any, line: int, count: int, middle: float) -> float:
    """Return the median absolute deviation of a sorted line from its median, in one walk.

    From the median outwards deviations only grow, so the two sides are merged until half is seen.
    """
    line = u64(line)
    right = count >> 1
    left = right - 1
    before = 0.0
    last = 0.0
    for _ in range((count >> 1) + 1):
        before = last
        below = middle - scratch[line, u64(left)] if left >= 0 else _FAR
        above = scratch[line, u64(right)] - middle if right < count else _FAR
        if below <= above:
            last = below
            left -= 1
        else:
            last = above
            right += 1
    return last if count & 1 else 0.5 * (before + last)


@inline
def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))


@inline
def _merge(scratch: Any, used: int, gap: float) -> int:
    """Merge starts closer than a gap to the one before; intervals go to _MERGED, unsorted.

    returns : int, the number of intervals
    """
    count = 0
    kept = scratch[_STARTS, u64(0)]
    last = kept
    for i in range(1, used):
        start = scratch[_STARTS, u64(i)]
        if start - last >= gap:
            scratch[_MERGED, u64(count)] = start - kept
            count += 1
            kept = start
        last = start
    return count


@inline
def _jitter(scratch: Any, count: int, middle: float, pair: Any) -> None:
    """Describe the intervals that are neither doubled nor cut, from the sorted line."""
    kept = 0
    total = 0.0
    for i in range(count):
        value = scratch[_SORTED, u64(i)]
        if value > 0.3 * middle and value < 1.9 * middle:
            scratch[_NEAR, u64(kept)] = value
            total += value
            kept += 1
    pair.jitter_share = kept / count
    pair.jitter_kurtosis = 0.0
    pair.jitter_mad = 0.0
    if kept < MIN_INTERVALS:
        return
    mean = total / kept
    second = 0.0
    fourth = 0.0
    for i in range(kept):
        square = (scratch[_NEAR, u64(i)] - mean) ** 2
        second += square
        fourth += square * square
    if second > 1e-9 * middle * middle:
        pair.jitter_kurtosis = fourth * kept / (second * second)
    centre = _quantile(scratch, _NEAR, kept, 2)
    pair.jitter_mad = _spread(scratch, _NEAR, kept, centre) / centre


@inline
def _time(scratch: Any, count: int, gap: float, shape: Any, pair: Any) -> None:
    """Judge the intervals of one way of merging; the record takes them if they are more regular."""
    for i in range(count):
        scratch[_SORTED, u64(i)] = scratch[_MERGED, u64(i)]
    _sort(scratch, _SORTED, count)
    middle = _quantile(scratch, _SORTED, count, 2)
    if middle < shape.merge_ratio * gap or middle <= 0.0:
        return
    first = _quantile(scratch, _SORTED, count, 1)
    third = _quantile(scratch, _SORTED, count, 3)
    bowley = 0.0
    if third - first > 0.02 * middle:  # else the quartiles differ by the noise of a timer
        bowley = (first + third - 2.0 * middle) / (third - first)
    mad = _spread(scratch, _SORTED, count, middle)
    within = 0
    for i in range(count):
        value = scratch[_SORTED, u64(i)]
        if value > 0.65 * middle and value < 1.35 * middle:
            within += 1
    ts = ((1.0 - abs(bowley)) + max(0.0, 1.0 - mad / middle)) * 0.5
    f35 = within / count
    timed = _clip((ts - shape.ts_from) / shape.ts_width)
    timed *= _clip((f35 - shape.f35_from) / shape.f35_width)
    timed *= _clip((count + 1 - shape.n_from) / shape.n_width)
    timed *= _clip(pair.span / shape.span_s)
    if pair.n > 0 and timed <= pair.timed:
        return
    pair.n = count + 1
    pair.gap = gap
    pair.median = middle
    pair.mad = mad
    pair.bowley = bowley
    pair.ts = ts
    pair.f35 = f35
    pair.timed = timed
    grid = middle / GRID_S
    pair.off_grid = abs(grid - max(1.0, round(grid))) / grid
    _jitter(scratch, count, middle, pair)


@inline
def _sizes(scratch: Any, ring: Any, used: int, pair: Any) -> None:
    """Fill in the medians of request, answer and duration."""
    for i in range(used):
        scratch[_SORTED, u64(i)] = ring.out[u64(i)]
    _sort(scratch, _SORTED, used)
    middle = _quantile(scratch, _SORTED, used, 2)
    equal = 0
    for i in range(used):
        if abs(scratch[_SORTED, u64(i)] - middle) <= 0.1 * middle:
            equal += 1
    pair.out = middle
    pair.equal = equal / used
    pair.out_mad = _spread(scratch, _SORTED, used, middle)
    pair.ds = max(0.0, 1.0 - pair.out_mad / middle) if middle > 0.0 else 0.0
    for i in range(used):
        scratch[_SORTED, u64(i)] = ring["in"][u64(i)]
    _sort(scratch, _SORTED, used)
    middle = _quantile(scratch, _SORTED, used, 2)
    pair["in"] = middle
    pair.in_mad = _spread(scratch, _SORTED, used, middle)
    for i in range(used):
        scratch[_SORTED, u64(i)] = ring.duration_s[u64(i)]
    _sort(scratch, _SORTED, used)
    middle = _quantile(scratch, _SORTED, used, 2)
    pair.duration = middle
    pair.duration_mad = _spread(scratch, _SORTED, used, middle)


@inline
def _recent(ring: Any, used: int, newest: float, pair: Any) -> None:
    """Count the flows of the last minutes."""
    recent_300 = 0
    recent_600 = 0
    failed = 0
    talks = 0
    for i in range(used):
        age = newest - ring.start_s[u64(i)]
        if age > 600.0:
            continue
        recent_600 += 1
        if age > 300.0:
            continue
        recent_300 += 1
        if ring.flow[u64(i)] & FLOW_FAILED:
            failed += 1
        elif ring.flow[u64(i)] & FLOW_ANSWERED and ring.out[u64(i)] > 0.0:
            talks += 1
    pair.recent_300 = recent_300
    pair.recent_600 = recent_600
    pair.failed_300 = failed
    pair.talks_300 = talks


@inline
def _take_starts(scratch: Any, ring: Any, used: int) -> None:
    """Copy the starts, oldest first as far as the ring is in order, and sort them."""
    first = i64(ring.head) % used
    for i in range(used):
        at = first + i
        at = at - used if at >= used else at
        scratch[_STARTS, u64(i)] = ring.start_s[u64(at)]
    _sort(scratch, _STARTS, used)


@inline
def _time_all(scratch: Any, used: int, shape: Any, pair: Any) -> None:
    """Try every way of merging and keep the most regular picture."""
    before = 0
    for step in range(MERGES):
        gap = _gap(step)
        if pair.ring_s < shape.merge_ratio * gap * MIN_INTERVALS:
            return  # longer gaps leave too few intervals
        count = _merge(scratch, used, gap)
        if count < MIN_INTERVALS:
            return
        if count != before:
            _time(scratch, count, gap, shape, pair)
        before = count


@inline
def _describe(contact: Any, ring: Any, shape: Any, pair: Any, scratch: Any) -> None:
    used = min(i64(ring.used), TIMES)
    pair.used = used
    if used == 0:
        return
    _take_starts(scratch, ring, used)
    newest = scratch[_STARTS, u64(used - 1)]
    pair.ring_s = newest - scratch[_STARTS, u64(0)]
    # Of a fast pair the ring holds the last minutes only.
    stretched = pair.ring_s * max(1.0, contact.contacts / used)
    pair.span = min(stretched, max(pair.ring_s, contact.last_s - contact.first_s))
    _recent(ring, used, newest, pair)
    if used > MIN_INTERVALS:
        _time_all(scratch, used, shape, pair)
    if pair.timed > 0.0 or pair.recent_300 >= FEW:
        _sizes(scratch, ring, used, pair)


@kernel
def describe(contacts: Any, timings: Any, rows: Any, shape: Any, pairs: Any, scratch: Any) -> None:
    """Compute the features of contacts.

    contacts : CONTACT_DTYPE (n,);  timings : TIMING_DTYPE (k,)
    rows : int32 (m,), rows of contacts;  shape : SHAPE_DTYPE (1,)
    pairs : PAIR_DTYPE (>= m,), zeroed by the caller; pairs[i] becomes that of rows[i]
    scratch : f8, shape SCRATCH
    cost : 0.1 us for a row with few flows, 2 us for a full ring of a plain timer, 6-9 us for a
        ragged one; no allocation
    """
    for i in range(rows.shape[0]):
        row = u64(rows[u64(i)])
        pair = pairs[u64(i)]
        contact = contacts[row]
        pair.row = row
        if contact.timing >= 0:
            _describe(contact, timings[u64(contact.timing)], shape[u64(0)], pair, scratch)
