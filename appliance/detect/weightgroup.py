"""What a group of named constants is, and how the configuration changes one."""

import math
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from appliance.errors import ConfigError

KEY = "detect.weights"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Constants of one rule: every field a float with a default and a comment of its origin."""


_Table = TypeVar("_Table", bound=msgspec.Struct)


def list_weights(table: msgspec.Struct) -> dict[str, float]:
    """Return {"group.constant": value} of a table of groups, in the order they are written."""
    return {
        f"{group}.{name}": getattr(getattr(table, group), name)
        for group in table.__struct_fields__
        for name in getattr(table, group).__struct_fields__
    }


def override(table: _Table, changes: Iterable[str]) -> _Table:
    """Return the table with other values for constants given as "group.constant=value".

    ConfigError names the key and the text where it is no such thing.
    """
    known = list_weights(table)
    changed: dict[str, dict[str, Any]] = {}
    for text in changes:
        name, value = _parse(text, known)
        group, _, constant = name.partition(".")
        changed.setdefault(group, {})[constant] = value
    groups = {
        group: msgspec.structs.replace(getattr(table, group), **values)
        for group, values in changed.items()
    }
    return msgspec.structs.replace(table, **groups)


def _parse(text: str, known: dict[str, float]) -> tuple[str, float]:
    name, separator, number = (part.strip() for part in text.partition("="))
    if not separator:
        raise ConfigError(f'{KEY}: "{text}" is not of the form NAME=VALUE')
    if name not in known:
        raise ConfigError(f'{KEY}: there is no "{name}"')
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f'{KEY}: "{number}" is no number for {name}')
    return name, value
