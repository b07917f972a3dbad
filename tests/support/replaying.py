"""A capture through the real pipeline, without a store: what tests compare."""

from pathlib import Path
from typing import Any

import msgspec

from appliance.capture.files import open_file
from appliance.capture.merge import merge
from appliance.config.schema import Config
from appliance.model.flow import EndReason, FlowBatch
from appliance.pipeline.rows import make_rows
from appliance.replay import Receivers, Replay


def replay_flows(
    path: Path | str, config: Config | None = None
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the ended flows as FlowRow dicts, by start, and the counters.

    Counters: packets, bytes, flow_packets, damaged, and each rejection reason by its name.
    """
    rows: list[dict[str, Any]] = []

    def collect(batch: FlowBatch) -> None:
        rows.extend(
            msgspec.structs.asdict(row)
            for row, flow in zip(make_rows(batch), batch.flows, strict=True)
            if flow["reason"] != EndReason.ACTIVE
        )

    source = merge([open_file(path)])
    engine = Replay(config or Config(), source, Receivers(flows=[collect]))
    for _ in engine.run():
        pass
    captured = source.statistics()
    source.close()
    table = engine.statistics()
    counters = {
        "packets": table.packets,
        "bytes": table.bytes,
        "flow_packets": table.flow_packets,
        "fragments_held": table.fragments_held,
        "evicted": table.evicted,
        "damaged": captured.damaged,
        **table.rejected,
    }
    rows.sort(key=lambda row: (row["start"], row["src_ip"], row["src_port"], row["dst_port"]))
    return rows, counters
