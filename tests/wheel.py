"""Build the wheel, unpack it by itself and start it: what is shipped is whole."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# what a build that went wrong leaves out: a file, or a folder with something in it
REQUIRED = (
    "appliance/__main__.py",
    "appliance/kernels/jit.py",
    "appliance/data/",
    "appliance/web/dist/index.html",
)
FORBIDDEN = ("node_modules/", "__pycache__/", "appliance/web/src/", "tests/")


def main() -> int:
    """Return 0 if the wheel holds everything, no more, and answers away from the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        with zipfile.ZipFile(wheel) as archive:
            problems = find_problems(archive.namelist())
            archive.extractall(Path(folder, "site"))
        # -P and the folder: nothing of the checkout is found, the dependencies still are
        command = (sys.executable, "-P", "-m", "appliance", "check-config")
        environment = {"PYTHONPATH": str(Path(folder, "site")), "PATH": "/usr/bin:/bin"}
        run = subprocess.run(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=False
        )
        if run.returncode:
            problems.append("the unpacked wheel does not start")
    print("\n".join(problems[:20]))
    return 1 if problems else 0


def build_wheel(folder: Path) -> Path:
    """Return the one wheel that the build made."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", str(folder))
    subprocess.run((*pip, "wheel", *options, str(ROOT)), check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def find_problems(names: list[str]) -> list[str]:
    """Return a sentence for everything that is missing or too much."""
    missing = [
        f"missing: {want}"
        for want in REQUIRED
        if not any(name == want or (want.endswith("/") and name.startswith(want)) for name in names)
    ]
    extra = [f"too much: {name}" for name in names if any(bad in name for bad in FORBIDDEN)]
    return missing + extra


if __name__ == "__main__":
    sys.exit(main())
