"""Each module can be imported first: none relies on another having been loaded before."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "appliance").rglob("*.py")
    if "node_modules" not in path.parts
)

# One process for all; our own modules are forgotten before each, the libraries stay.
SCRIPT = """
import importlib, sys
for name in {modules!r}:
    for known in [known for known in sys.modules if known.split(".")[0] == "appliance"]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{{name}}: {{error}}")
"""


@pytest.mark.slow
def test_every_module_imports_on_its_own() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(modules=MODULES)],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == ""
    assert result.returncode == 0, result.stderr
