"""What the training process loads, and what nobody else does."""

import subprocess
import sys
from pathlib import Path

import pytest

import appliance.learn

_PARENT = [
    path.stem
    for path in sorted(Path(appliance.learn.__file__).parent.glob("*.py"))
    if path.stem not in {"__init__", "fit", "hostfit", "flowfit", "naivefit", "worker"}
]


def loaded(modules: list[str]) -> set[str]:
    """Import modules in a fresh interpreter; return all it has loaded then."""
    lines = "".join(f"import {name}\n" for name in modules)
    code = f"{lines}import sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.slow
def test_the_daemon_never_loads_scikit_learn() -> None:
    packages = loaded([f"appliance.learn.{name}" for name in _PARENT])
    assert "numba" in packages
    # numba looks whether scipy is there; what costs memory are its parts
    assert packages & {"sklearn", "joblib", "pandas", "scipy.sparse", "scipy.stats"} == set()


@pytest.mark.slow
def test_the_training_process_never_loads_a_compiler() -> None:
    packages = loaded(
        [f"appliance.learn.{name}" for name in ("worker", "hostfit", "flowfit", "naivefit")]
    )
    assert "sklearn" in packages
    assert packages & {"numba", "llvmlite", "litestar", "apsw"} == set()
