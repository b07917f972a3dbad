"""Starting, watching and ending the training process."""

import os
import subprocess
import sys
from pathlib import Path

import appliance
from appliance.learn.task import LOG

_WORKER = "appliance.learn.worker"
_TAIL = 400  # characters of its complaints that are passed on
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class TrainingProcess:
    """One training, in a folder that holds its input and will hold its models."""

    def __init__(self, folder: Path, memory_mib: int) -> None:
        """Start it. It ends by itself when this process does: its standard input closes."""
        self.folder = folder
        package = str(Path(appliance.__file__).parent.parent)
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        with (folder / LOG).open("wb") as log:
            # the interpreter that runs us and our own module: nothing comes from outside
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", _WORKER, str(folder), str(memory_mib)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=os.environ | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join(paths)},
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def poll_nowait(self) -> int | None:
        """Return its exit code, negative for a signal; None while it runs."""
        return self._close(self._process.poll())

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end; None if that did not come in time."""
        try:
            return self._close(self._process.wait(timeout_s))
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End it at once, and for sure."""
        self._process.kill()
        self._close(self._process.wait())

    def complaint(self, code: int) -> str:
        """Return one sentence on why it ended with this code."""
        text = (self.folder / LOG).read_text(encoding="utf-8", errors="replace").strip()
        last = text.splitlines()[-1][-_TAIL:] if text else ""
        how = f"was ended by signal {-code}" if code < 0 else f"failed with code {code}"
        return f"the training process {how}{': ' if last else ''}{last}"

    def _close(self, code: int | None) -> int | None:
        if code is not None and self._process.stdin is not None:
            self._process.stdin.close()
        return code
