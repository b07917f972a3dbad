"""A wire without hardware, and a process that is left as it was found."""

import gc
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import uvloop

from appliance.demo.source import DemoSource
from appliance.flows.warmup import warm_up
from appliance.model.frame import FRAME_DTYPE, CaptureStatistics, FrameBlock

# libuv opens a pipe for the life of the process with its first loop
uvloop.new_event_loop().close()

START_NS = 1_760_000_400_000_000_000
_SILENCE = FrameBlock(np.zeros(1, np.uint8), np.zeros(0, FRAME_DTYPE))


class QuickWire:
    """Ten seconds of the demonstration network all at once, then silence until `close`.

    then : called in the capture thread when everything has been delivered
    """

    def __init__(
        self,
        name: str = "wire0",
        *,
        seed: int = 1,
        start_ns: int = START_NS,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        self.closed = threading.Event()
        self._name = name
        self._then = then
        self._demo = DemoSource(lambda: start_ns, seed=seed, paced=False, length_s=10.0)

    @property
    def interfaces(self) -> tuple[str, ...]:
        return (self._name,)

    def blocks(self) -> Iterator[FrameBlock]:
        yield from self._demo.blocks()
        yield _SILENCE
        self._then()
        while not self.closed.wait(0.005):
            yield _SILENCE

    def statistics(self) -> CaptureStatistics:
        return self._demo.statistics()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    """Compile before anything is waited for."""
    warm_up()


@pytest.fixture
def wire_of() -> type[QuickWire]:
    return QuickWire


@pytest.fixture
def start_ns() -> int:
    return START_NS


@pytest.fixture(autouse=True)
def _calm_again() -> Iterator[None]:
    """Undo what a daemon does to the garbage collector."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
