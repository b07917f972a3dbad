"""What this process uses, from /proc/self."""

import gc
import os
from pathlib import Path

import msgspec

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Resources of the process; 0 where the kernel does not say."""

    rss_bytes: int = 0
    anonymous_bytes: int = 0  # the part of it that is not mapped files
    cpu_s: float = 0.0  # user and system, all threads
    written_bytes: int = 0  # to storage, since the start
    threads: int = 0


def read_usage(proc: Path = Path("/proc/self")) -> Usage:
    """Return the process's resources now. Costs about 100 us."""
    status = _read_pairs(proc / "status")
    written = _read_pairs(proc / "io").get("write_bytes", "0")
    return Usage(
        rss_bytes=_kib(status.get("VmRSS", "0")),
        anonymous_bytes=_kib(status.get("RssAnon", "0")),
        cpu_s=_read_cpu_s(proc / "stat"),
        written_bytes=int(written),
        threads=int(status.get("Threads", "0")),
    )


def calm_collector() -> None:
    """Let the garbage collector leave alone what there is now, and look less often.

    A batch of flows makes thousands of objects that die by reference count; with the defaults the
    collector walks everything several times a second and finds nothing. Called again after a
    large part was replaced, it frees the old one.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # hidden by the service manager's sandbox


def _read_pairs(path: Path) -> dict[str, str]:
    pairs = (line.partition(":") for line in _read_text(path).splitlines())
    return {name: value.strip() for name, _, value in pairs}


def _kib(text: str) -> int:
    return int(text.split(maxsplit=1)[0]) * 1024


def _read_cpu_s(path: Path) -> float:
    # the second field is the program's name and may hold blanks and brackets
    fields = _read_text(path).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S if len(fields) > 12 else 0.0
