"""Write a configuration out as TOML that `load` reads back."""

import json
from collections.abc import Mapping
from typing import Any

from appliance.config.keys import KEYS
from appliance.config.schema import Config


def render(config: Config, origins: Mapping[str, str]) -> str:
    """Return the configuration as TOML, with a comment behind each value that is not a default."""
    lines: list[str] = []
    current = ""
    for path in KEYS:
        section, dot, name = path.partition(".")
        if dot and section != current:
            current = section
            lines += ["", f"[{section}]"]
        value = getattr(getattr(config, section), name) if dot else getattr(config, path)
        origin = origins.get(path, "default")
        # an origin holds a file name; a line break in it must not become a key
        note = "" if origin == "default" else f"  # {json.dumps(origin, ensure_ascii=False)[1:-1]}"
        lines.append(f"{name if dot else path} = {format_value(value)}{note}")
    return "\n".join(lines) + "\n"


def format_value(value: Any) -> str:
    """Return a string, number, truth value or sequence of them in TOML's notation."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's string is TOML's basic string but for DEL, which TOML wants escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(format_value(item) for item in value) + "]"
    return repr(value)
