"""Where things lie on disk."""

import hashlib
import os
import shutil
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import NamedTuple

import appliance
from appliance.errors import ConfigError

DEFAULT_CONFIG = Path("/etc/appliance/config.toml")

_NAME = "appliance"
_KERNEL_CACHE = "NUMBA_CACHE_DIR"
_KERNEL_PREFIX = "kernels-"
_KERNEL_SOURCES = ("kernels", "model")


class Directories(NamedTuple):
    """The three places, none of them made yet."""

    state: Path  # what must not be lost
    cache: Path  # what can be made again
    runtime: Path  # what ends with the process


def find_directories(environment: Mapping[str, str], *, uid: int | None = None) -> Directories:
    """Return systemd's directories, else root's under /var, else the user's own.

    uid : the user's number; None = of this process.
    Raises ConfigError if a user has no home to put them.
    """
    given = [environment.get(f"{kind}_DIRECTORY", "") for kind in ("STATE", "CACHE", "RUNTIME")]
    if (os.getuid() if uid is None else uid) == 0:
        defaults = [Path("/var/lib", _NAME), Path("/var/cache", _NAME), Path("/run", _NAME)]
    elif all(given):
        defaults = []
    else:
        defaults = _user_directories(environment)
    # systemd lists several directories with colons between them; ours is the first
    chosen = [Path(text.split(":")[0]) if text else defaults[i] for i, text in enumerate(given)]
    return Directories(*chosen)


def _user_directories(environment: Mapping[str, str]) -> list[Path]:
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        raise ConfigError(
            "HOME is not set: set STATE_DIRECTORY, CACHE_DIRECTORY, RUNTIME_DIRECTORY"
        )

    def choose(variable: str, fallback: str) -> Path:
        # the base directory specification says to ignore a relative path
        text = environment.get(variable, "")
        return Path(text if text.startswith("/") else f"{home}/{fallback}", _NAME)

    cache = choose("XDG_CACHE_HOME", ".cache")
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    return [
        choose("XDG_STATE_HOME", ".local/state"),
        cache,
        Path(runtime, _NAME) if runtime.startswith("/") else cache / "run",
    ]


def make_private(directory: Path) -> Path:
    """Make a directory for this user only; keep one that exists as it is.

    Raises ConfigError if it cannot be made or written.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{directory} cannot be made: {error.strerror}") from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise ConfigError(f"{directory} cannot be written")
    return directory


def find_store(configured: str, environment: Mapping[str, str]) -> Path:
    """Return the store's folder: store.path, or the state directory."""
    return Path(configured) if configured else find_directories(environment).state


def _digest_sources() -> str:
    """Return a digest of everything that is compiled into kernels, or decides their layouts."""
    digest = hashlib.sha256()
    package = Path(appliance.__file__).parent
    for folder in _KERNEL_SOURCES:
        for path in sorted((package / folder).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def prepare_kernel_cache(environment: MutableMapping[str, str]) -> Path:
    """Tell numba where compiled kernels are kept; must run before numba is imported.

    A cache that is already set stays. The name of ours tells the sources it was made from: numba
    itself looks only at the file of a kernel, not at the kernels merged into it from other files,
    and would go on running their old form. Caches of other sources are removed when a new one is
    made.
    """
    if known := environment.get(_KERNEL_CACHE):
        return Path(known)
    parent = find_directories(environment).cache
    cache = parent / f"{_KERNEL_PREFIX}{_digest_sources()}"
    if not cache.is_dir():
        make_private(parent)
        for old in parent.glob(f"{_KERNEL_PREFIX}*"):
            shutil.rmtree(old, ignore_errors=True)
    environment[_KERNEL_CACHE] = str(make_private(cache))
    return cache
