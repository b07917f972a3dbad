"""Ending flows: the timing wheel, the slots, eviction. Oracle: tests/oracles/flowtable.py."""

from typing import Any

from appliance.kernels.bytes import prefetch
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.table import TICK_SHIFT, WHEEL
from appliance.model.flow import FLOW_ATTEMPTED, FLOW_CLOSING, FLOW_PARTIAL, EndReason

_ACTIVE = int(EndReason.ACTIVE)
_IDLE = int(EndReason.IDLE)
_CLOSED = int(EndReason.CLOSED)
_EVICTED = int(EndReason.EVICTED)
_ATTEMPT = int(EndReason.ATTEMPT)
PATIENCE_NS = 1_000_000_000  # an answer takes longer only over satellites
NO_GAP = 0xFFFFFFFF  # iat_min_us of a flow in the table while it has one packet
VICTIMS_AHEAD = 16
MOST_MOVED = 256  # flows moved on in the search for one to evict
CLOCK_STEP_NS = 60_000_000_000  # further back than this is a clock that was set, not reordering
_LOW32 = u64(0xFFFFFFFF)
_S32 = u64(32)
_ONE = u64(1)


@inline
def unlink(links: Any, i: int) -> None:
    """Take a node out of its list."""
    following = links[i, 0]
    previous = links[i, 1]
    links[previous, 0] = following
    links[following, 1] = previous


@inline
def link(links: Any, head: int, i: int) -> None:
    """Append a node to the list of a head."""
    last = links[head, 1]
    links[last, 0] = i
    links[i, 0] = head
    links[i, 1] = last
    links[head, 1] = i


@inline
def idle_limit(limits: Any, flow: Any) -> int:
    """Return how long this flow may stay silent, ns."""
    if flow.bits & FLOW_CLOSING:
        return i64(limits.linger_ns)
    if flow.proto == 6:
        return i64(limits.tcp_idle_ns)
    if flow.proto == 17:
        return i64(limits.udp_idle_ns)
    if flow.proto == 1 or flow.proto == 58:
        return i64(limits.icmp_idle_ns)
    return i64(limits.other_idle_ns)


@inline
def schedule(table: Any, i: int, now_tick: int) -> None:
    """Put a flow where the wheel will look at it when its deadline has passed."""
    flow = table.pool[u64(i)]
    deadline = flow.last_ns + idle_limit(table.limits[0], flow)
    deadline = min(deadline, flow.report_ns)
    looked_at = i64(table.state[0].tick)  # slots before this one come up only after a whole turn
    tick = min((deadline >> TICK_SHIFT) + 1, looked_at + WHEEL - 1)
    tick = max(tick, now_tick + 1, looked_at)
    link(table.links, table.limits[0].capacity + (tick & (WHEEL - 1)), i)


@inline
def find_slot(table: Any, i: int) -> int:
    """Return the slot that holds record i, which must be live."""
    tag = u64(table.pool[u64(i)].tag)
    wanted = (tag << _S32) | u64(i + 1)
    mask = table.limits[0].slot_mask
    at = i64(tag) & mask
    while table.slots[u64(at)] != wanted:
        at = (at + 1) & mask
    return at


@inline
def remove_slot(table: Any, i: int) -> None:
    """Free the slot of record i and close the gap (backward-shift deletion, no tombstones)."""
    slots = table.slots
    mask = table.limits[0].slot_mask
    hole = find_slot(table, i)
    at = hole
    while True:
        at = (at + 1) & mask
        entry = slots[u64(at)]
        if entry == 0:
            break
        home = i64(entry >> _S32) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            slots[hole] = entry
            hole = at
    slots[hole] = 0


@inline
def emit(table: Any, i: int, reason: int) -> None:
    """Copy a record out; the caller has made sure that there is room."""
    state = table.state[0]
    flow = table.pool[u64(i)]
    flow.reason = reason
    table.ended[u64(state.out)] = flow
    if flow.iat_min_us == NO_GAP:
        table.ended[u64(state.out)].iat_min_us = 0
    state.out += 1


@inline
def end_flow(table: Any, i: int, reason: int) -> None:
    """Write a flow out for good and free its record; its wheel link must be gone already."""
    state = table.state[0]
    emit(table, i, reason)
    remove_slot(table, i)
    table.pool[u64(i)].id = 0
    table.free[state.free_top] = i
    state.free_top += 1
    state.active -= 1
    state.ended += 1


@inline
def _look_at(table: Any, i: int, now_ns: int, now_tick: int) -> None:
    """End, report or reschedule one flow whose tick has come."""
    flow = table.pool[u64(i)]
    limit = idle_limit(table.limits[0], flow)
    # A flow from the future is what a clock that was set back leaves behind.
    if flow.last_ns + limit <= now_ns or flow.last_ns > now_ns + limit:
        end_flow(table, i, _CLOSED if flow.bits & FLOW_CLOSING else _IDLE)
        return
    if flow.report_ns <= now_ns:
        emit(table, i, _ACTIVE)
        if flow.updates < 0xFFFF:
            flow.updates += 1
        active = table.limits[0].active_ns
        flow.report_ns += (1 + (now_ns - flow.report_ns) // active) * active
    schedule(table, i, now_tick)


@inline
def _tell_attempts(table: Any, now_ns: int) -> None:
    """Copy out flows nobody has answered for a second, each once, in the order they began.

    They stay open. Whoever looks for scans would otherwise wait for the idle timeout. Without room
    they are told when they end, as before.
    """
    state = table.state[0]
    mask = table.limits[0].young_mask
    state.young_told = max(state.young_told, state.young_head)
    while state.young_told != state.young_tail and state.attempts < table.attempts.shape[0]:
        entry = table.young[state.young_told & mask]
        i = i64(entry & _LOW32)
        flow = table.pool[u64(i)]
        if flow.id & _LOW32 == entry >> _S32 and flow.id != 0:
            if flow.first_ns > now_ns - PATIENCE_NS:
                return
            if (
                flow.resp.packets == 0
                and flow.orig.packets > 0
                and flow.bits & (FLOW_ATTEMPTED | FLOW_PARTIAL) == 0
            ):
                flow.bits |= FLOW_ATTEMPTED
                flow.reason = _ATTEMPT
                table.attempts[u64(state.attempts)] = flow
                if flow.iat_min_us == NO_GAP:
                    table.attempts[u64(state.attempts)].iat_min_us = 0
                state.attempts += 1
        state.young_told += 1


@kernel
def advance(table: Any, now_ns: int) -> bool:
    """Turn the wheel to a time; flows whose deadline passed go to `ended`.

    now_ns : int, ns since the epoch; earlier than before means that the clock was set back
    returns : bool, False if `ended` is full: drain it and call again
    cost : O(ticks passed + flows looked at), no allocation
    """
    state = table.state[0]
    links = table.links
    base = i64(table.limits[0].capacity)
    room = table.ended.shape[0]
    now_tick = now_ns >> TICK_SHIFT
    if now_ns < state.now_ns - CLOCK_STEP_NS:
        state.clock_steps += 1
        state.tick = now_tick
    if now_tick - state.tick > WHEEL:  # after a long silence one turn sees every flow
        state.tick = now_tick - WHEEL
    state.now_ns = now_ns
    if state.tick < now_tick:
        _tell_attempts(table, now_ns)
    while state.tick < now_tick:
        head = base + (state.tick & (WHEEL - 1))
        i = i64(links[head, 0])
        if i != head:
            last = i64(links[head, 1])
            links[head, 0] = head
            links[head, 1] = head
            while True:
                following = i64(links[i, 0])
                if following < base:
                    base_byte = following * 256
                    prefetch(table.pool_bytes, base_byte)
                    prefetch(table.pool_bytes, base_byte + 64)
                    prefetch(table.pool_bytes, base_byte + 128)
                    prefetch(table.pool_bytes, base_byte + 192)
                if state.out >= room:
                    # What is left goes back in front of what was rescheduled into this list.
                    first = i64(links[head, 0])
                    links[head, 0] = i
                    links[i, 1] = head
                    links[last, 0] = first
                    links[first, 1] = last
                    return False
                _look_at(table, i, now_ns, now_tick)
                if i == last:
                    break
                i = following
        state.tick += 1
    return True


@inline
def _oldest_young(table: Any) -> int:
    """Return the flow that has waited longest for an answer, or -1."""
    state = table.state[0]
    mask = table.limits[0].young_mask
    while state.young_head != state.young_tail:
        entry = table.young[state.young_head & mask]
        state.young_head += 1
        i = i64(entry & _LOW32)
        flow = table.pool[u64(i)]
        unanswered = flow.orig.packets == 0 or flow.resp.packets == 0
        if unanswered and flow.id != 0 and flow.id & _LOW32 == entry >> _S32:
            return i
    return -1


@inline
def add_young(table: Any, i: int) -> None:
    """Remember an unanswered flow; room is made by forgetting entries that are stale."""
    state = table.state[0]
    mask = table.limits[0].young_mask
    while state.young_tail - state.young_head > mask:
        still = _oldest_young(table)
        if still >= 0:
            table.young[state.young_tail & mask] = ((table.pool[still].id & _LOW32) << _S32) | u64(
                still
            )
            state.young_tail += 1
    table.young[state.young_tail & mask] = ((table.pool[u64(i)].id & _LOW32) << _S32) | u64(i)
    state.young_tail += 1


@inline
def _next_to_expire(table: Any) -> int:
    """Return the flow whose deadline is nearest.

    Flows stand where their deadline was when they were looked at last; those that have been busy
    since are moved on, so many at most that the cost stays bounded.
    """
    base = i64(table.limits[0].capacity)
    tick = i64(table.state[0].tick)
    now_tick = i64(table.state[0].now_ns) >> TICK_SHIFT
    tries = 0
    for step in range(WHEEL):
        head = base + ((tick + step) & (WHEEL - 1))
        while table.links[head, 0] != head:
            i = i64(table.links[head, 0])
            flow = table.pool[u64(i)]
            deadline = flow.last_ns + idle_limit(table.limits[0], flow)
            if (deadline >> TICK_SHIFT) + 1 <= tick + step or tries >= MOST_MOVED:
                return i
            tries += 1
            unlink(table.links, i)
            schedule(table, i, now_tick)
            if table.links[head, 1] == i:  # it came back into this list: due for an update only
                return i
    return 0


@inline
def _fetch_victims(table: Any) -> None:
    """Ask for the memory of the flows that will have to go soon: in a flood one goes a packet."""
    state = table.state[0]
    mask = table.limits[0].young_mask
    if state.young_tail - state.young_head <= VICTIMS_AHEAD:
        return
    far = i64(table.young[(state.young_head + VICTIMS_AHEAD) & mask] & _LOW32) * 256
    for line in range(0, 256, 64):
        prefetch(table.pool_bytes, far + line)
    near = table.young[(state.young_head + VICTIMS_AHEAD // 2) & mask] & _LOW32
    prefetch(table.slots, i64(table.pool[near].tag) & table.limits[0].slot_mask)


@inline
def evict(table: Any) -> None:
    """Make room: the oldest unanswered flow goes, else the one nearest to its deadline.

    A flood of unanswered packets so pushes out its own kind, never a conversation.
    """
    state = table.state[0]
    victim = _oldest_young(table)
    _fetch_victims(table)
    if victim < 0:
        victim = _next_to_expire(table)
        state.evicted_answered += 1
    unlink(table.links, victim)
    end_flow(table, victim, _EVICTED)
    state.evicted += 1


@kernel
def flush(table: Any, reason: int) -> bool:
    """End every flow, in the order in which the wheel would have looked at them.

    returns : bool, False if `ended` is full: drain it and call again
    """
    state = table.state[0]
    base = i64(table.limits[0].capacity)
    room = table.ended.shape[0]
    for step in range(WHEEL):
        head = base + ((state.tick + step) & (WHEEL - 1))
        while table.links[head, 0] != head:
            if state.out >= room:
                return False
            i = i64(table.links[head, 0])
            unlink(table.links, i)
            end_flow(table, i, reason)
    return True
