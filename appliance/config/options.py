"""What one invocation was asked for, beyond the configuration."""

from pathlib import Path
from typing import Literal

import msgspec

FlowsFormat = Literal["ndjson", "zeek"]


class ReplayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How files are replayed, and what is kept of it."""

    flows: Path | None = None  # write every flow to this file
    flows_format: FlowsFormat = "ndjson"  # FlowRow objects a line, or Zeek's conn.log
    alerts: Path | None = None  # write every alert to this file, one JSON object a line
    speed: float | None = None  # times packet time; None = as fast as the machine can
    store: Path | None = None  # keep the flows in a store in this folder; None = keep none


class EvaluateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What detection is measured against, and how the figures are shown."""

    labels: Path | None = None  # of single flows; None = those the inputs carry
    truth: Path | None = None  # of machines; None = as the labels say
    form: Literal["table", "json"] = "table"
    naive: bool = True  # also fit the forest of the source systems
