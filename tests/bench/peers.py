"""Other flow tools on the same capture, run as processes: CPU seconds of the whole tree."""

import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def cpu_of(command: list[str], timeout_s: float = 300) -> float:
    """Return user and system seconds of a command and its children; raises if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=timeout_s,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _softflowd(capture: Path, *extra: str) -> float:
    # without "-c none" it waits for a control connection after the file, for ever
    with tempfile.TemporaryDirectory() as folder:
        command = ["softflowd", "-d", "-r", capture, "-n", "127.0.0.1:9", "-v", "9"]
        return cpu_of([*map(str, command), "-p", f"{folder}/pid", "-c", "none", *extra])


def softflowd(capture: Path) -> float:
    """With its own table of 8,192 flows: most are forced out early."""
    return _softflowd(capture)


def softflowd_all(capture: Path) -> float:
    """With a table that holds every flow."""
    return _softflowd(capture, "-m", "10000000")


def nfpcapd(capture: Path) -> float:
    """Unidirectional flows into files."""
    with tempfile.TemporaryDirectory() as folder:
        return cpu_of(["nfpcapd", "-r", str(capture), "-w", folder])


def nfstream(capture: Path) -> float:
    """The Python peer, in its quickest form."""
    code = (
        "from nfstream import NFStreamer\n"
        f"for _ in NFStreamer(source={str(capture)!r}, statistical_analysis=False,"
        " n_dissections=0, n_meters=1): pass"
    )
    return cpu_of([sys.executable, "-c", code])


def installed() -> dict[str, Callable[[Path], float]]:
    """Return the peers that are on this machine."""
    peers: dict[str, Callable[[Path], float]] = {}
    if shutil.which("softflowd"):
        peers |= {"softflowd": softflowd, "softflowd -m10M": softflowd_all}
    if shutil.which("nfpcapd"):
        peers["nfpcapd"] = nfpcapd
    try:
        __import__("nfstream")
    except ImportError:
        return peers
    return peers | {"nfstream": nfstream}
