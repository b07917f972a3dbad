"""Every configuration key: its type, default and environment names, derived from the schema."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec import inspect

from appliance.config.schema import Config, Section

# strconv.ParseBool's words, so that what go-Tracer understood is understood here
TRUE_WORDS = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE_WORDS = frozenset({"0", "f", "F", "FALSE", "false", "False"})

ENVIRONMENT_PREFIX = "APPLIANCE_"

# Names from elsewhere. Listed before our own, which win; empty means unset, as in go-Tracer.
FOREIGN_NAMES: Mapping[str, str] = {
    "AGENT_INTERFACE": "capture.interfaces",
    "AGENT_BPF_FILTER": "capture.bpf_filter",
    "AGENT_SNAP_LEN": "capture.snaplen",
    "AGENT_PROMISCUOUS": "capture.promiscuous",
    "AGENT_ENDPOINT_URL": "forward.endpoint_url",
    "LOG_LEVEL": "log.level",
}


class Key(NamedTuple):
    """One key: "section.name", or the bare name at the top level."""

    path: str
    annotation: Any  # as in the schema, bounds included
    kind: inspect.Type
    default: Any

    @property
    def variable(self) -> str:
        """The environment variable that sets this key."""
        return ENVIRONMENT_PREFIX + self.path.replace(".", "_").upper()


def _walk() -> Iterable[Key]:
    for outer in msgspec.structs.fields(Config):
        if not (isinstance(outer.type, type) and issubclass(outer.type, Section)):
            yield Key(outer.name, outer.type, inspect.type_info(outer.type), outer.default)
            continue
        hints = get_type_hints(outer.type, include_extras=True)
        for inner in msgspec.structs.fields(outer.type):
            hint = hints[inner.name]
            path = f"{outer.name}.{inner.name}"
            yield Key(path, hint, inspect.type_info(hint), inner.default)


KEYS: Mapping[str, Key] = {key.path: key for key in _walk()}
SECTIONS: tuple[str, ...] = tuple(dict.fromkeys(p.split(".")[0] for p in KEYS if "." in p))


def describe(kind: inspect.Type) -> str:
    """Say in words which values a type allows."""
    match kind:
        case inspect.IntType(ge=low, le=high) if low is not None and high is not None:
            return f"an integer from {low} to {high}"
        case inspect.FloatType():
            return "a number " + _bounds(kind)
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(str(value) for value in values)
        case inspect.BoolType():
            return "true or false"
        case inspect.VarTupleType():
            return "a list of strings"
        case _:
            return "a string"


def _bounds(kind: inspect.FloatType) -> str:
    lower = f"above {kind.gt:g}" if kind.gt is not None else f"from {kind.ge:g}"
    upper = f"below {kind.lt:g}" if kind.lt is not None else f"up to {kind.le:g}"
    return f"{lower} {upper}"


def parse_text(key: Key, text: str) -> Any:
    """Turn the text of a variable or flag into a value of the key's kind.

    Bounds are not looked at. Raises ValueError if the text is no such value.
    """
    match key.kind:
        case inspect.BoolType():
            if text not in TRUE_WORDS | FALSE_WORDS:
                raise ValueError(text)
            return text in TRUE_WORDS
        case inspect.IntType():
            return int(text)
        case inspect.FloatType():
            return float(text)
        case inspect.VarTupleType():
            return [part.strip() for part in text.split(",") if part.strip()]
        case inspect.LiteralType(values=values):
            return next((value for value in values if str(value) == text.lower()), text)
        case _:
            return text


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ', did you mean "x"?' for the closest known word, or ""."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f', did you mean "{close[0]}"?' if close else ""
