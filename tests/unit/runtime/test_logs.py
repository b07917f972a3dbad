import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from appliance.runtime.logs import PlainFormatter, PriorityFormatter, configure_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    root.handlers = []  # basicConfig(force=True) closes those it finds, pytest's too
    yield
    root.handlers, logging.raiseExceptions = handlers, raising
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def record(message: str, level: int = logging.INFO, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("appliance.part", level, "", 0, message, arguments, None)


@pytest.mark.parametrize(
    ("level", "prefix"),
    [(logging.DEBUG, "<7>"), (logging.INFO, "<6>"), (logging.WARNING, "<4>"),
     (logging.ERROR, "<3>"), (logging.CRITICAL, "<2>")],
)  # fmt: skip
def test_priorities_are_those_of_syslog(level: int, prefix: str) -> None:
    assert PriorityFormatter().format(record("x %d", level, 5)) == f"{prefix}appliance.part: x 5"


def test_every_line_of_a_traceback_has_its_priority() -> None:
    entry = record("failed", logging.ERROR)
    try:
        int("\x9b2J")
    except ValueError:
        entry.exc_info = sys.exc_info()
    lines = PriorityFormatter().format(entry).split("\n")
    assert len(lines) > 3
    assert all(line.startswith("<3>") for line in lines)
    assert lines[-1].startswith("<3>ValueError: ")
    assert "\x9b" not in lines[-1]


@pytest.mark.parametrize("formatter", [PlainFormatter(), PriorityFormatter()])
def test_names_from_the_wire_cannot_write_lines_or_control_terminals(
    formatter: logging.Formatter,
) -> None:
    text = formatter.format(record("name %s", logging.INFO, "a\n<0>forged\x1b]0;\x07\x9b\r"))
    assert text.endswith("name a\\n<0>forged\\x1b]0;\\x07\\x9b\\x0d")


def test_terminal_gets_plain_lines_and_a_pipe_gets_priorities() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    configure_logging("info", {}, terminal)
    logging.getLogger("appliance").info("hello")
    configure_logging("warning", {}, pipe)
    logging.getLogger("appliance").info("not said")
    logging.getLogger("appliance").warning("hello")
    assert terminal.getvalue().split(" ", 1)[1] == "INFO     hello\n"
    assert pipe.getvalue() == "<4>appliance: hello\n"


def test_journal_is_used_only_if_stderr_is_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class JournalHandler(logging.Handler):
        def __init__(self, **fields: str) -> None:
            super().__init__()
            self.fields = fields

    journal = ModuleType("systemd.journal")
    journal.JournalHandler = JournalHandler  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "systemd", ModuleType("systemd"))
    monkeypatch.setitem(sys.modules, "systemd.journal", journal)
    with (tmp_path / "stderr").open("w") as stream:
        status = os.fstat(stream.fileno())
        here = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        configure_logging("info", here, stream)
        (handler,) = logging.getLogger().handlers
        assert isinstance(handler, JournalHandler)
        assert handler.fields == {"SYSLOG_IDENTIFIER": "appliance"}
        configure_logging("info", {"JOURNAL_STREAM": "1:1"}, stream)
        assert not isinstance(logging.getLogger().handlers[0], JournalHandler)


def test_without_systemd_python_the_journal_gets_priorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "systemd.journal", None)
    with (tmp_path / "stderr").open("w") as stream:
        status = os.fstat(stream.fileno())
        configure_logging("info", {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}, stream)
        logging.getLogger("a").info("x")
    assert (tmp_path / "stderr").read_text() == "<6>a: x\n"
