"""The gate itself: a run that broke off must never look like one that passed."""

import sys
from pathlib import Path

import pytest

from tests.check import Step, read_report, run_command, run_step
from tests.wheel import REQUIRED, find_problems

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="one"/>
<testcase classname="tests.a" name="two"><failure message="x"/></testcase>
<testcase classname="tests.a" name="three"><skipped message="not root"/></testcase>
<testcase classname="tests.a" name="four"><error message="fixture"/></testcase>
</testsuite></testsuites>"""
GREEN = '<testsuites><testsuite><testcase classname="a" name="b"/></testsuite></testsuites>'


def write(folder: Path, text: str) -> Path:
    path = folder / "report.xml"
    path.write_text(text)
    return path


def test_tests_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    outcome = read_report(write(tmp_path, REPORT), code=1)
    assert (outcome.passed, outcome.failed) == (1, 2)
    assert outcome.skipped == [("tests.a::three", "not root")]


@pytest.mark.parametrize("code", [1, 2, 3, 4, -11, 124])
def test_run_that_broke_off_is_a_failure_whatever_it_reported(tmp_path: Path, code: int) -> None:
    assert read_report(tmp_path / "none.xml", code).failed == 1
    assert read_report(write(tmp_path, GREEN), code).failed == 1


@pytest.mark.parametrize("code", [0, 5])
def test_run_without_failures_is_none(tmp_path: Path, code: int) -> None:
    assert read_report(write(tmp_path, GREEN), code).failed == 0


def test_command_counts_as_one() -> None:
    good = run_step(Step("good", (sys.executable, "-c", "")))
    bad = run_step(Step("bad", (sys.executable, "-c", "raise SystemExit(3)")))
    assert (good.passed, good.failed, bad.passed, bad.failed) == (1, 0, 0, 1)


def test_missing_command_fails(tmp_path: Path) -> None:
    assert run_command((str(tmp_path / "none"),), tmp_path, {}) == 127


def test_wheel_without_its_parts_is_refused() -> None:
    whole = [name + ("x.bin" if name.endswith("/") else "") for name in REQUIRED]
    assert find_problems(whole) == []
    for name in whole:
        assert len(find_problems([other for other in whole if other != name])) == 1
    assert find_problems([*whole, "appliance/web/node_modules/x.js"]) != []
