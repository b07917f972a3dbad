import subprocess
import sys
from pathlib import Path

import pytest

from appliance.cli import operate
from appliance.cli.entry import main
from appliance.errors import CaptureError, ConfigError

HEAVY = ("numba", "numpy", "scapy", "litestar", "uvicorn", "apsw", "asyncio", "maxminddb")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            ConfigError("a is wrong\nb is wrong"),
            78,
            "appliance: a is wrong\nappliance: b is wrong\n",
        ),
        (CaptureError("eth9 does not exist"), 1, "appliance: eth9 does not exist\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_become_exit_codes(
    error: BaseException,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(operate, "check_config", fail)
    assert main(["check-config"]) == code
    assert capsys.readouterr().err == text


def test_bad_configuration_exits_with_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[capture]\nsnaplen = 1\n")
    assert main(["check-config", str(file)]) == 78
    assert "capture.snaplen = 1" in capsys.readouterr().err


def test_a_reader_that_stops_early_is_no_traceback() -> None:
    script = f"{sys.executable} -m appliance check-config | true; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert result.stderr == ""
    assert result.returncode in {0, 1}


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from appliance.cli.arguments import build_parser\n"
        "build_parser().format_help()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
