"""What every test run shares: profiles, reasons to skip, guards against what tests leave behind."""

import gc
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from appliance.runtime.paths import prepare_kernel_cache

ROOT = Path(__file__).resolve().parent.parent

# `from tests.support import ...` works however pytest is started
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# Compiled kernels are kept between runs; numba reads this when it is imported.
_PLACES = dict(os.environ, CACHE_DIRECTORY=str(ROOT / ".data" / "cache"))
os.environ["NUMBA_CACHE_DIR"] = str(prepare_kernel_cache(_PLACES))

CORPUS = Path(os.environ.get("APPLIANCE_CORPUS", ROOT.parent / "shared" / "data"))
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

_INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT") == "1"

# No deadline: the first call of a kernel compiles it. Derandomised: a run is repeatable, and what
# the deep profile finds becomes an example of its own.
settings.register_profile("fast", max_examples=25, deadline=None, derandomize=True, database=None)
settings.register_profile("deep", max_examples=20_000, deadline=None, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

# Threads that libraries keep for the life of the process, by the beginning of their name.
LASTING_THREADS = ("asyncio_", "AnyIO worker thread", "pytest_timeout")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that a folder sets, and the import mode the layout needs."""
    # files of one name in several folders, without packages
    config.option.importmode = "importlib"
    config.addinivalue_line("markers", "unit: everything under tests/unit; set by the folder")
    if _INTERPRETED:
        # The hash wraps on purpose; compiled code does so in silence.
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered in scalar")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set markers by folder, and skip what this machine cannot do, with the reason."""
    reasons = {name: reason for name, reason in _reasons() if reason}
    for item in items:
        parts = item.path.relative_to(ROOT / "tests").parts
        for name in ("unit", "privileged", "browser"):
            if parts[0] == name:
                item.add_marker(name)
        for name, reason in reasons.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))


def _reasons() -> Iterator[tuple[str, str]]:
    yield "privileged", "" if os.geteuid() == 0 else "not root"
    yield "corpus", "" if CORPUS.is_dir() else f"no captures in {CORPUS} (APPLIANCE_CORPUS)"
    yield "browser", "" if BROWSER else "no chromium"
    yield "compiled", "takes minutes without compiled kernels" if _INTERPRETED else ""


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of developer captures; for tests marked `corpus`."""
    return CORPUS


@pytest.fixture(autouse=True)
def _leaves_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a unit test that leaves a thread or an open descriptor behind."""
    if request.node.get_closest_marker("unit") is None:
        yield
        return
    threads, descriptors = _threads(), _descriptors()
    yield
    left = _threads() - threads
    for thread in left:
        thread.join(1.0)  # it may be on its way out
    if left := {thread for thread in left if thread.is_alive()}:
        pytest.fail(f"left running: {sorted(thread.name for thread in left)}")
    if len(_descriptors()) > len(descriptors):
        gc.collect()  # closed by a finaliser is closed
        if grown := {d: t for d, t in _descriptors().items() if descriptors.get(d) != t}:
            pytest.fail(f"left open: {grown}")


def _threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if not t.name.startswith(LASTING_THREADS)}


def _descriptors() -> dict[str, str]:
    """Return what each open descriptor is."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[entry.name] = str(entry.readlink())
        except FileNotFoundError:
            continue  # the descriptor this very listing used
    return found
