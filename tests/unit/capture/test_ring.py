"""What needs no interface; the ring itself: tests/privileged/test_ring.py."""

import os
from pathlib import Path

import pytest

from appliance.capture.bpf import keep_program
from appliance.capture.ring import Ring, RingOptions, check_permission, load_kernels

OPTIONS = RingOptions(size_mib=1, promiscuous=False, drop_outgoing=False, fanout=None)


def test_kernels_load_without_a_ring() -> None:
    load_kernels()
    load_kernels()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may capture")
def test_without_permission_nothing_is_left_open() -> None:
    with pytest.raises(PermissionError):
        check_permission()
    with pytest.raises(PermissionError):
        Ring("lo", keep_program(96), OPTIONS)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs permission to capture")
def test_missing_interface_leaves_nothing_open() -> None:
    before = {str(entry) for entry in Path("/proc/self/fd").iterdir()}
    with pytest.raises(OSError, match="no interface"):
        Ring("none0", keep_program(96), OPTIONS)
    assert {str(entry) for entry in Path("/proc/self/fd").iterdir()} == before
