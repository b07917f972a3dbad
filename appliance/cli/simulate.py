"""`appliance simulate`: a labelled day as packets, as a Zeek log or as flows."""

import argparse
import csv
import os
import struct
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from appliance.cli.settings import load_settings
from appliance.errors import ApplianceError
from appliance.runtime.logs import configure_logging
from appliance.runtime.paths import prepare_kernel_cache
from appliance.warmup import warm_up_apart

if TYPE_CHECKING:
    from appliance.demo.source import DemoSource
    from appliance.model.flow import FlowBatch
    from appliance.simulate.labels import Labels

_PCAP_NS = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)
_SNAPLEN = 2_048
_FLOWS_PER_HOST_HOUR = 60  # about; to know how long a day must be for --rows


def simulate(arguments: argparse.Namespace) -> int:
    """Write the day, the label of every flow, and the truth about every host."""
    config, _ = load_settings(arguments)
    configure_logging(config.log.level, os.environ, sys.stderr)
    warm_up_apart(prepare_kernel_cache(os.environ))
    from appliance.demo.source import DemoSource  # noqa: PLC0415 - numba, see operate.py
    from appliance.simulate.day import SCRIPTS, plan_day  # noqa: PLC0415
    from appliance.simulate.labels import Labels, format_truth  # noqa: PLC0415

    attacks = tuple(SCRIPTS) if arguments.attacks == ["all"] else tuple(arguments.attacks)
    unknown = [name for name in attacks if name not in SCRIPTS]
    if unknown:
        raise ApplianceError(
            f"no such attack: {', '.join(unknown)}; there are {', '.join(SCRIPTS)}"
        )
    hours = arguments.hours
    if arguments.rows:
        hours = min(hours, max(arguments.rows / arguments.hosts / _FLOWS_PER_HOST_HOUR, 0.25))
    day = plan_day(hosts=arguments.hosts, hours=hours, seed=arguments.seed, attacks=attacks)
    labels = Labels()
    source = DemoSource(
        lambda: int(arguments.start * 1e9),
        paced=False,
        length_s=hours * 3_600,
        talks=[labels.noting(talks) for talks in day.talks],
    )
    path: Path = arguments.out
    try:
        if path.suffix == ".pcap":
            with path.open("wb") as stream:
                _write_packets(source, stream)
        else:
            _write_flows(arguments, config, source, labels)
        path.with_suffix(".truth.csv").write_text(format_truth(day), encoding="utf-8")
    except OSError as error:
        raise ApplianceError(f"cannot write {path}: {error.strerror or error}") from error
    return 0


def _write_packets(source: "DemoSource", stream: BinaryIO) -> None:
    """Write a pcap with times in ns; payload that was never spelled out is cut off."""
    stream.write(_PCAP_NS)
    for block in source.blocks():
        data = block.buffer.tobytes()
        for frame in block.frames:
            at, length = int(frame["offset"]), min(int(frame["caplen"]), _SNAPLEN)
            seconds, rest = divmod(int(frame["ts_ns"]), 1_000_000_000)
            stream.write(struct.pack("<IIII", seconds, rest, length, int(frame["wirelen"])))
            stream.write(data[at : at + length])


def _write_flows(arguments: Any, config: Any, source: "DemoSource", labels: "Labels") -> None:
    """Bring the packets through the flow table, so that the log is what the sensor would say."""
    from appliance.pipeline.export import NdjsonWriter, ZeekWriter, zeek_uid  # noqa: PLC0415
    from appliance.replay import Receivers, Replay  # noqa: PLC0415

    path: Path = arguments.out
    left = arguments.rows or sys.maxsize
    with ExitStack() as stack:
        stream = stack.enter_context(path.open("wb"))
        export = ZeekWriter(stream) if path.suffix == ".log" else NdjsonWriter(stream)
        listed = stack.enter_context(path.with_suffix(".labels.csv").open("w", encoding="utf-8"))
        rows = csv.writer(listed, lineterminator="\n")
        rows.writerow(("uid", "label"))

        def write(batch: "FlowBatch") -> None:
            nonlocal left
            kept = batch.part(0, left)
            export(kept)
            ended = kept.flows[kept.flows["reason"] != 0]
            zeek = path.suffix == ".log"
            for flow in ended:
                number = str(flow["id"])
                rows.writerow((zeek_uid(number) if zeek else number, labels.find(flow)))
            left -= len(ended)
            if left <= 0:
                source.close()

        for _ in Replay(config, source, Receivers(None, [write])).run():
            pass
        export.close()
