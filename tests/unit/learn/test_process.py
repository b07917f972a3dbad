"""The training process ends: when it is done, when it is told, and when its parent is gone."""

import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from appliance.learn.modelfile import read_model_file
from appliance.learn.naive import read_naive_model
from appliance.learn.process import TrainingProcess
from appliance.learn.task import Task, model_path, write_task
from appliance.learn.worker import OUT_OF_MEMORY

pytestmark = pytest.mark.slow
CLASSIC = np.random.default_rng(1).random((60, 7)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_task(tmp_path, Task(kinds=("naive",)), {"classic": CLASSIC})
    return tmp_path


def test_it_leaves_a_model_and_says_nothing(folder: Path) -> None:
    process = TrainingProcess(folder, 512)
    assert process.wait(60) == 0
    model = read_naive_model(read_model_file(model_path(folder, "naive")))
    assert model.middle == pytest.approx(CLASSIC.mean(axis=0, dtype=float))
    assert (folder / "worker.log").read_text() == ""


def test_too_little_memory_is_a_sentence_not_a_stuck_process(folder: Path) -> None:
    process = TrainingProcess(folder, 32)
    assert process.wait(60) == OUT_OF_MEMORY
    assert "needs more than the 32 MiB it may use" in process.complaint(OUT_OF_MEMORY)
    assert not model_path(folder, "naive").exists()


def test_bad_input_is_told(folder: Path) -> None:
    (folder / "input.npz").write_bytes(b"PK\x03\x04 nothing")
    process = TrainingProcess(folder, 512)
    assert process.wait(60) == 1
    assert "cannot be read" in process.complaint(1)


def test_it_can_be_killed_at_any_time(folder: Path) -> None:
    process = TrainingProcess(folder, 512)
    assert process.wait(0.001) is None
    process.kill()
    assert process.poll_nowait() == -signal.SIGKILL
    assert "ended by signal 9" in process.complaint(-9)


def test_it_does_not_outlive_its_parent(folder: Path) -> None:
    """The parent dies without a word; the worker sees its standard input close."""
    code = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from appliance.learn import worker
        from appliance.learn.process import TrainingProcess
        process = TrainingProcess(Path({str(folder)!r}), 512)
        print(process.pid, flush=True)
        os.kill(os.getpid(), 9)
    """)
    # a task that lasts: so large that fitting takes longer than the parent lives
    write_task(folder, Task(kinds=("naive",)), {"classic": np.tile(CLASSIC, (20_000, 1))})
    parent = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )
    pid = int(parent.stdout)
    assert wait_gone(pid)
    assert not model_path(folder, "naive").exists()


def wait_gone(pid: int) -> bool:
    """Wait for the end of somebody else's child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([descriptor], [], [], 30)
    finally:
        os.close(descriptor)
    return bool(ready)
