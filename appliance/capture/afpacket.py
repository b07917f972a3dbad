"""A live interface: a kernel ring while the interface is there, patience while it is not."""

import os
import select
from collections.abc import Iterator
from threading import Lock

import numpy as np

from appliance.capture.bpf import compile_for, compile_program
from appliance.capture.interfaces import count_lost, read_link, read_name
from appliance.capture.ring import (
    RETIRE_MS,
    Ring,
    RingOptions,
    check_permission,
    load_kernels,
)
from appliance.config.schema import Capture
from appliance.errors import CaptureError, ConfigError
from appliance.model.frame import FRAME_DTYPE, CaptureStatistics, FrameBlock, PacketSource

_WAIT_MS = 200  # a live source gives a sign of life every 250 ms
_LAST_WAIT_MS = 2 * RETIRE_MS + 20  # in which the kernel hands over a block that is not full
_LOOK_NS = 1_000_000_000  # how often the interface itself is looked at
_LOOK_WAITS = _LOOK_NS // (_WAIT_MS * 1_000_000)


def open_interface(name: str, config: Capture, group: int | None, member: int) -> PacketSource:
    """Listen on an interface. One that is missing or down is waited for, not refused.

    group : number of a fanout group, unique in the network namespace, whose members share the
        traffic by flow; None = this source takes all of it
    member : position in the group; the first answers for the losses of the network card

    Raises ConfigError if the filter cannot be used, CaptureError if the permission or the memory
    for the ring is missing. Nothing is raised later: see `statistics`.
    """
    compile_program(config.bpf_filter, config.snaplen)
    load_kernels()
    source = InterfaceSource(name, config, group, member)
    try:
        check_permission()
        source.start()
    except PermissionError as error:
        source.close()
        raise CaptureError(
            f"not permitted to listen on {name}: run as root, or grant CAP_NET_RAW "
            "(AmbientCapabilities=CAP_NET_RAW in a systemd unit)"
        ) from error
    except OSError as error:
        source.close()
        raise CaptureError(
            f"cannot listen on {name} with a ring of {config.ring_mib} MiB "
            f"(capture.ring_mib): {error.strerror or error}"
        ) from error
    except ConfigError:
        source.close()
        raise
    return source


class InterfaceSource:
    """One interface, or a member's share of it. See `open_interface`."""

    def __init__(self, name: str, config: Capture, group: int | None, member: int) -> None:
        self._name = name
        self._config = config
        self._group = group
        self._ring: Ring | None = None
        self._lock = Lock()  # statistics() and close() come from other threads
        self._totals = _Totals(name if member == 0 else None)
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        self._up = False
        self._error = ""
        self._outages = 0
        self._waits = 0  # since the interface was last looked at
        self._looked_ns = 0
        self._closing = False
        self._running = False

    @property
    def interfaces(self) -> tuple[str, ...]:
        """The one name."""
        return (self._name,)

    def start(self) -> None:
        """Open the ring if the interface is there and up. Raises OSError, ConfigError."""
        link = read_link(self._name)
        if link is None or not link.up:
            state = "is down" if link else "does not exist"
            self._mark_down(f"{self._name} {state}; tried every {self._config.retry_s:g} s")
            return
        config = self._config
        program = compile_for(self._name, config.bpf_filter, config.snaplen, ethernet=link.ethernet)
        options = RingOptions(config.ring_mib, config.promiscuous, link.loopback, self._group)
        ring = Ring(self._name, program, options)
        with self._lock:
            self._ring = ring
        self._poll.register(ring, select.POLLIN)
        self._look()

    def blocks(self) -> Iterator[FrameBlock]:
        """Deliver what comes, and an empty block when nothing does; until `close`.

        What had come by then is delivered, too.
        """
        self._running = True
        try:
            while not self._closing:
                ring = self._ring
                if ring is None:
                    yield FrameBlock(np.empty(0, dtype=np.uint8), np.empty(0, dtype=FRAME_DTYPE))
                    self._wait()
                    self._retry()
                    continue
                block = ring.take()
                if not len(block.frames):
                    ring.release()
                    self._wait()
                    block = ring.take()
                yield block
                ring.release()
                self._look_sometimes(ring)
            yield from self._drain()
        finally:
            self._dispose()

    def statistics(self) -> CaptureStatistics:
        """Return the counters; asks the kernel."""
        with self._lock:
            totals = self._totals
            totals.collect(self._ring)
            frames, wire_bytes = totals.handed_on(self._ring)
            return CaptureStatistics(
                frames=frames,
                bytes=wire_bytes,
                nic_dropped=totals.nic_dropped,
                kernel_dropped=totals.kernel_dropped,
                ring_freezes=totals.ring_freezes,
                outages=self._outages,
                up=self._up,
                error=self._error,
            )

    def close(self) -> None:
        """Make `blocks` end at once; without it, release everything."""
        self._closing = True
        if not self._running:
            self._dispose()
            return
        with self._lock:
            if self._wake >= 0:
                os.eventfd_write(self._wake, 1)

    def _drain(self) -> Iterator[FrameBlock]:
        """Deliver what the ring still holds."""
        ring = self._ring
        if ring is None:
            return
        ring.shut()
        self._poll.unregister(self._wake)
        while ring.filled and (events := self._poll.poll(_LAST_WAIT_MS)):
            if events[0][1] & ~select.POLLIN:
                ring.clear_error()
            yield ring.take()
            ring.release()

    def _wait(self) -> None:
        """Wait for frames, for trouble or for `close`."""
        self._waits += 1
        for descriptor, event in self._poll.poll(_WAIT_MS):
            if descriptor != self._wake and event & ~select.POLLIN and self._ring is not None:
                self._ring.clear_error()
                self._look()

    def _retry(self) -> None:
        if self._waits * _WAIT_MS < self._config.retry_s * 1_000:
            return
        self._waits = 0
        try:
            self.start()
        except (OSError, ConfigError) as error:
            self._close_ring()
            self._mark_down(f"cannot listen on {self._name}: {error}")

    def _look_sometimes(self, ring: Ring) -> None:
        """Look at the interface once a second, told by the frames or, in silence, by the waits."""
        if self._waits >= _LOOK_WAITS or abs(ring.latest_ns - self._looked_ns) >= _LOOK_NS:
            self._looked_ns = ring.latest_ns
            self._look()

    def _look(self) -> None:
        """Compare the interface with the ring."""
        self._waits = 0
        ring = self._ring
        link = read_link(self._name)
        if ring is None:
            return
        if link is None or link.number != ring.number:
            now = read_name(ring.number)
            fate = f"was renamed to {now}" if now else "was removed"
            self._close_ring()
            self._mark_down(f"{self._name} {fate}; tried every {self._config.retry_s:g} s")
        elif not link.up:
            self._mark_down(f"{self._name} is down")
        elif not link.running:
            self._mark_down(f"{self._name} has no carrier")
        else:
            self._up = True

    def _mark_down(self, reason: str) -> None:
        self._outages += self._up
        self._up = False
        self._error = reason

    def _close_ring(self) -> None:
        with self._lock:
            ring, self._ring = self._ring, None
            if ring is not None:
                self._poll.unregister(ring)
                self._totals.collect(ring)
                self._totals.retire(ring)
                ring.close()

    def _dispose(self) -> None:
        self._close_ring()
        with self._lock:
            if self._wake >= 0:
                os.close(self._wake)
                self._wake = -1


class _Totals:
    """Counters over all rings that an interface has had."""

    def __init__(self, card: str | None) -> None:
        self.kernel_dropped = 0
        self.ring_freezes = 0
        self.nic_dropped = 0
        self._frames = 0
        self._bytes = 0
        self._card = card  # whose losses are counted; None = another source does
        self._card_seen = count_lost(card) if card else 0

    def collect(self, ring: Ring | None) -> None:
        """Add what was lost since the last time."""
        if ring is not None:
            dropped, freezes = ring.count_lost()
            self.kernel_dropped += dropped
            self.ring_freezes += freezes
        if self._card:
            seen = count_lost(self._card)
            self.nic_dropped += max(seen - self._card_seen, 0)  # a new card begins at 0
            self._card_seen = seen

    def handed_on(self, ring: Ring | None) -> tuple[int, int]:
        """Return frames and wire bytes handed on."""
        if ring is None:
            return self._frames, self._bytes
        return self._frames + ring.frames, self._bytes + ring.wire_bytes

    def retire(self, ring: Ring) -> None:
        """Keep the figures of a ring that goes."""
        self._frames, self._bytes = self.handed_on(ring)
