"""Read the configuration: flags over environment over conf.d over file over defaults.

Everything wrong is reported at once, a line each: the key, the value, what is allowed, and where
the value came from.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from appliance.config.check import find_contradictions
from appliance.config.keys import (
    ENVIRONMENT_PREFIX,
    FOREIGN_NAMES,
    KEYS,
    SECTIONS,
    describe,
    parse_text,
    suggest,
)
from appliance.config.schema import Config
from appliance.errors import ConfigError

_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_-]+)\s*\]")
_ASSIGNMENT = re.compile(r"""\s*["']?([A-Za-z0-9_.-]+)["']?\s*=""")
_SHOWN = 120  # characters of a bad value that are repeated


class _Setting(NamedTuple):
    """A value somebody gave, not yet checked."""

    value: Any
    origin: str  # as in the result of load
    place: str  # the same for a person, with the line where it is known


def load(
    path: Path | None,
    *,
    environment: Mapping[str, str],
    overrides: Mapping[str, Any],
) -> tuple[Config, dict[str, str]]:
    """Return the merged configuration and where each key came from.

    path : the file; `conf.d/*.toml` beside it is laid over it in name order. None reads no file.
    overrides : "section.key" to value, from flags; a str for another type is parsed as text.
    returns : the origin of every key is "default", "file:PATH", "env:NAME" or "flag".
    Raises ConfigError that names every unknown key and every bad value.
    """
    problems: list[str] = []
    settings: dict[str, _Setting] = {}
    for file in _files(path):
        settings |= _read_file(file, problems)
    settings |= _read_environment(environment, problems)
    settings |= _read_overrides(overrides, problems)
    values = dict(_convert(settings, problems))
    if not problems:
        config = _build(values)
        for name, reason in find_contradictions(config):
            place = settings[name].place if name in settings else "default"
            problems.append(f"{name} = {_show(values.get(name))} ({place}): {reason}")
    if problems:
        raise ConfigError("\n".join(problems))
    return config, {key: settings[key].origin if key in settings else "default" for key in KEYS}


def _files(path: Path | None) -> Iterator[Path]:
    if path is None:
        return
    yield path
    yield from sorted((path.parent / "conf.d").glob("*.toml"))


def _read_file(path: Path, problems: list[str]) -> dict[str, _Setting]:
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror or error}")
        return {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}: not TOML: {error}")
        return {}
    lines = _number_lines(text)
    settings: dict[str, _Setting] = {}
    for name, value in _flatten(document):
        line = lines.get(name)
        place = f"{path} line {line}" if line else str(path)
        if name in KEYS:
            settings[name] = _Setting(value, f"file:{path}", place)
        else:
            problems.append(f"{name} ({place}): {_explain_unknown(name)}")
    return settings


def _flatten(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield ("section.key", value); an empty known section yields nothing."""
    for name, value in document.items():
        if isinstance(value, dict) and (value or name in SECTIONS):
            yield from ((f"{name}.{inner}", item) for inner, item in value.items())
        else:
            yield name, value


def _number_lines(text: str) -> dict[str, int]:
    """Find the line of each key. For messages only: odd spellings are merely not found."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = header[1] + "."
            lines.setdefault(header[1], number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault(section + assignment[1], number)
    return lines


def _explain_unknown(name: str) -> str:
    section, dot, inner = name.partition(".")
    if name in SECTIONS:
        return f"this is a section, write [{name}] and its keys below"
    if dot and section not in SECTIONS:
        return f"unknown section{suggest(section, SECTIONS)}"
    if dot:
        known = [key.partition(".")[2] for key in KEYS if key.startswith(section + ".")]
        return f"unknown key{suggest(inner, known)}"
    return f"unknown key{suggest(name, [*KEYS, *SECTIONS])}"


def _read_environment(environment: Mapping[str, str], problems: list[str]) -> dict[str, _Setting]:
    settings: dict[str, _Setting] = {}
    for variable, name in FOREIGN_NAMES.items():
        if text := environment.get(variable, "").strip():
            _take_text(settings, name, text, f"env:{variable}", problems)
    ours = {key.variable: key.path for key in KEYS.values()}
    for variable in sorted(environment):
        if variable in ours:
            text = environment[variable].strip()
            _take_text(settings, ours[variable], text, f"env:{variable}", problems)
        elif variable.startswith(tuple(f"{ENVIRONMENT_PREFIX}{s.upper()}_" for s in SECTIONS)):
            problems.append(f"{variable}: no such variable{suggest(variable, ours)}")
    return settings


def _read_overrides(overrides: Mapping[str, Any], problems: list[str]) -> dict[str, _Setting]:
    settings: dict[str, _Setting] = {}
    for name, value in overrides.items():
        if name not in KEYS:
            problems.append(f"{name} (flag): {_explain_unknown(name)}")
        elif isinstance(value, str):
            _take_text(settings, name, value, "flag", problems)
        else:
            settings[name] = _Setting(value, "flag", "flag")
    return settings


def _take_text(
    settings: dict[str, _Setting], name: str, text: str, origin: str, problems: list[str]
) -> None:
    place = origin.removeprefix("env:")
    try:
        settings[name] = _Setting(parse_text(KEYS[name], text), origin, place)
    except ValueError:
        problems.append(_complain(name, text, place))


def _convert(settings: Mapping[str, _Setting], problems: list[str]) -> Iterator[tuple[str, Any]]:
    for name, setting in settings.items():
        try:
            yield name, msgspec.convert(setting.value, KEYS[name].annotation, strict=True)
        except msgspec.ValidationError:
            problems.append(_complain(name, setting.value, setting.place))


def _complain(name: str, value: Any, place: str) -> str:
    return f"{name} = {_show(value)} ({place}): must be {describe(KEYS[name].kind)}"


def _show(value: Any) -> str:
    text = repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _build(values: Mapping[str, Any]) -> Config:
    nested: dict[str, Any] = {}
    for name, value in values.items():
        section, dot, inner = name.partition(".")
        if dot:
            nested.setdefault(section, {})[inner] = value
        else:
            nested[name] = value
    return msgspec.convert(nested, Config, strict=True)
