"""The page's types are those of the wire."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

WEB = Path(__file__).resolve().parents[3] / "appliance" / "web"


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_types", WEB / "scripts/write_types.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_types_are_those_of_the_structs(writer: ModuleType) -> None:
    committed = (WEB / "src/api/types.ts").read_text(encoding="utf-8")
    assert committed == writer.render(), "run: python appliance/web/scripts/write_types.py"


def test_what_has_no_typescript_form_is_refused(writer: ModuleType) -> None:
    assert writer.typescript(float | None) == "number | null"
    assert writer.typescript(dict[str, int]) == "Record<string, number>"
    with pytest.raises(TypeError, match="complex"):
        writer.typescript(complex)


def test_the_lock_names_no_registry_and_every_version_is_exact() -> None:
    lock = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    manifest = (WEB / "package.json").read_text(encoding="utf-8")
    assert "^" not in manifest
    assert "~" not in manifest
