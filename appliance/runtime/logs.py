"""Where log lines go: the journal with fields, or stderr in the form its reader understands."""

import logging
import os
from collections.abc import Mapping
from typing import Any, TextIO

# syslog(3) levels, which sd-daemon(3) takes from the beginning of a line
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG_PRIORITY = 7

# Names in log lines come from the wire. An escape sequence must not reach a terminal, and a line
# break must not begin a line that looks like ours.
_HARMLESS = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}
_ONE_LINE = _HARMLESS | {ord("\n"): "\\n"}


class PlainFormatter(logging.Formatter):
    """For a person at a terminal. The message is one line; a traceback follows as it is."""

    def __init__(self, layout: str = "%(asctime)s %(levelname)-8s %(message)s") -> None:
        super().__init__(layout, "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without control characters."""
        return super().formatMessage(record).translate(_ONE_LINE)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line and the traceback without control characters but line breaks."""
        return super().format(record).translate(_HARMLESS)


class PriorityFormatter(PlainFormatter):
    """For the journal over stderr: every line, of a traceback too, begins with its priority."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines, each with <N> before it."""
        prefix = f"<{_find_priority(record.levelno)}>"
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


def configure_logging(level: str, environment: Mapping[str, str], stream: TextIO) -> None:
    """Send every log line of the process to the best place there is; replaces what was set.

    level : debug, info, warning or error.  stream : stderr.
    """
    handler = _open_journal(environment, stream)
    if handler is None:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(PlainFormatter() if stream.isatty() else PriorityFormatter())
    logging.raiseExceptions = False  # a full disk behind stderr is no reason to stop
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)


def _open_journal(environment: Mapping[str, str], stream: TextIO) -> logging.Handler | None:
    """Return a handler that keeps fields; None without systemd-python or the journal."""
    if not _is_journal(environment, stream):
        return None
    try:
        # an optional extra, and of no use anywhere else
        from systemd.journal import JournalHandler  # noqa: PLC0415
    except ImportError:
        return None
    handler: Any = JournalHandler(SYSLOG_IDENTIFIER="appliance")
    assert isinstance(handler, logging.Handler)
    return handler


def _is_journal(environment: Mapping[str, str], stream: TextIO) -> bool:
    """Compare stderr with the device and inode systemd opened for us (systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _find_priority(level: int) -> int:
    return next((number for floor, number in _PRIORITIES if level >= floor), _DEBUG_PRIORITY)
