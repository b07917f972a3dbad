"""Write src/api/types.ts from the structs that cross the wire, so that the two cannot drift.

Run as `python appliance/web/scripts/write_types.py`; `render()` is what a test compares with the file.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import msgspec

from appliance.api.live import AlertNews, AlertsMissed
from appliance.model.alert import Alert, Evidence, Incident, Mute, Term, Visibility
from appliance.model.frame import CaptureStatistics
from appliance.model.health import DetectionStatistics, Health, TableFill, Tick
from appliance.model.views import (
    AlertCount,
    CountryRow,
    FlowRow,
    HostRow,
    HostWindow,
    ModelRow,
    MutePreview,
    MuteProposal,
    Talker,
    TrafficPoint,
    TrainingStatus,
)

TARGET = Path(__file__).parent.parent / "src" / "api" / "types.ts"
STRUCTS = (
    Tick, TableFill, DetectionStatistics, Health, CaptureStatistics, FlowRow, HostRow, Talker,
    CountryRow, TrafficPoint, Term, Evidence, Visibility, Alert, Incident, Mute, AlertNews,
    AlertsMissed, AlertCount, MutePreview, MuteProposal, HostWindow, ModelRow, TrainingStatus,
)  # fmt: skip
PLAIN = {int: "number", float: "number", str: "string", bool: "boolean", Any: "unknown"}
HEADER = "// Written by scripts/write_types.py from appliance/model; what each field means stands there.\n"


def typescript(kind: Any) -> str:
    """Return the TypeScript form of a Python annotation used on the wire."""
    if kind is types.NoneType:
        return "null"
    if kind in PLAIN:
        return PLAIN[kind]
    if kind in STRUCTS:
        return str(kind.__name__)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " | ".join(typescript(arg) for arg in args)
    if origin is list or (origin is tuple and args[1:] == (...,)):
        return f"{typescript(args[0])}[]"
    if origin is tuple:
        return f"[{', '.join(typescript(arg) for arg in args)}]"
    if origin is dict:
        return f"Record<string, {typescript(args[1])}>"
    raise TypeError(f"no TypeScript form for {kind!r}")


def render() -> str:
    """Return the whole file."""
    parts = [HEADER]
    for struct in STRUCTS:
        fields = msgspec.structs.fields(struct)
        if struct.__struct_config__.array_like:
            entries = ", ".join(f"{field.encode_name}: {typescript(field.type)}" for field in fields)
            parts.append(f"export type {struct.__name__} = [{entries}];\n")
            continue
        lines = [f"  {field.encode_name}: {typescript(field.type)};" for field in fields]
        body = "\n".join(lines)
        parts.append(f"export interface {struct.__name__} {{\n{body}\n}}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
