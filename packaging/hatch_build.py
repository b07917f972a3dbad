"""Build hook: a wheel, an editable install and an sdist all contain the built page and data.

An sdist holds what was built and not the scripts that build it, so installing from one needs
neither Node.js nor the network.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = {  # script beside this file: its target, and the file that says the target is there
    "build_web": ("appliance/web", "appliance/web/dist/index.html"),
    "build_data": ("appliance/data", "appliance/data/attribution.json"),
}


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs the build scripts before hatchling collects files. They are quick the second time."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what the package ships and the repository does not hold."""
        root = Path(self.root)
        for name, (target, witness) in BUILT.items():
            script = root / "packaging" / f"{name}.py"
            if script.is_file():
                load_script(script).build(root / target)
            elif not (root / witness).is_file():
                raise RuntimeError(
                    f"{witness} is missing, and so is packaging/{name}.py, which builds it"
                )


def load_script(path: Path) -> ModuleType:
    """Import a file by its path; files beside it can be imported by name."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module
