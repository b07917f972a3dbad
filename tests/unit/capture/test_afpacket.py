"""What needs no interface; live ones: tests/privileged/test_ring.py."""

import threading

import pytest

from appliance.capture.afpacket import InterfaceSource, open_interface
from appliance.config.schema import Capture
from appliance.errors import ConfigError


@pytest.fixture
def missing() -> InterfaceSource:
    source = InterfaceSource("none0", Capture(retry_s=0.2), None, 0)
    source.start()
    return source


def test_missing_interface_is_told_and_time_goes_on(missing) -> None:
    blocks = missing.blocks()
    for _ in range(2):
        block = next(blocks)
        assert len(block.frames) == len(block.buffer) == 0
    counters = missing.statistics()
    assert not counters.up
    assert counters.error == "none0 does not exist; tried every 0.2 s"
    assert (counters.frames, counters.outages) == (0, 0)
    assert missing.interfaces == ("none0",)
    missing.close()
    assert len(list(blocks)) == 0


def test_closing_from_another_thread_ends_the_wait(missing) -> None:
    blocks = missing.blocks()
    next(blocks)
    closer = threading.Thread(target=missing.close)
    closer.start()
    assert len(list(blocks)) == 0
    closer.join()
    missing.close()
    assert missing.statistics().frames == 0


def test_closing_what_never_ran_releases_it(missing) -> None:
    missing.close()
    missing.close()
    assert list(missing.blocks()) == []


def test_bad_filter_is_refused_before_anything_else() -> None:
    pytest.importorskip("scapy.libs.winpcapy", reason="libpcap is missing", exc_type=OSError)
    with pytest.raises(ConfigError, match=r"capture\.bpf_filter: 'nonsense'"):
        open_interface("none0", Capture(bpf_filter="nonsense"), None, 0)
