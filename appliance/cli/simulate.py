"""`appliance simulate`: a labelled day as packets, as a Zeek log or as flows."""

import argparse
import csv
import os
import struct
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from appliance.cli.settings import load_settings
from appliance.errors import ApplianceError
from appliance.runtime.logs import configure_logging
from appliance.runtime.paths import prepare_kernel_cache
from appliance.warmup import warm_up_apart

if TYPE_CHECKING:
    from appliance.config.schema import Config
    from appliance.demo.source import DemoSource
    from appliance.model.flow import FlowBatch
    from appliance.simulate.day import Day
    from appliance.simulate.labels import Labels
    from appliance.simulate.mixture import Limit, Quota

_PCAP_NS = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)
_SNAPLEN = 2_048


def simulate(arguments: argparse.Namespace) -> int:
    """Write the day, the label of every flow, and the truth about every host."""
    config, _ = load_settings(arguments)
    configure_logging(config.log.level, os.environ, sys.stderr)
    path: Path = arguments.out
    if arguments.rows and path.suffix == ".pcap":
        raise ApplianceError("--rows counts flows: write a .log or an .ndjson, or give --hours")
    day, hours, wanted = _plan(arguments)
    warm_up_apart(prepare_kernel_cache(os.environ))
    from appliance.demo.source import DemoSource  # noqa: PLC0415 - numba, see operate.py
    from appliance.simulate.labels import Labels, format_truth  # noqa: PLC0415

    start_ns = int(arguments.start * 1e9)
    labels = Labels(start_ns)
    source = DemoSource(
        lambda: start_ns,
        paced=False,
        length_s=hours * 3_600,
        talks=[labels.noting(talks) for talks in day.talks],
    )
    try:
        if path.suffix == ".pcap":
            with path.open("wb") as stream:
                _write_packets(source, stream, labels)
        else:
            _write_flows(path, config, source, (labels, wanted))
        path.with_suffix(".truth.csv").write_text(format_truth(day, labels), encoding="utf-8")
    except OSError as error:
        raise ApplianceError(f"cannot write {path}: {error.strerror or error}") from error
    return 0


def _plan(arguments: argparse.Namespace) -> "tuple[Day, float, Limit | Quota]":
    """Return the plan, its length in h, and which rows are wanted of it.

    --rows without --attacks asks for fixed shares of normal and bad rows, however long it takes.
    """
    from appliance.simulate.day import Play, plan_day  # noqa: PLC0415 - see above
    from appliance.simulate.mixture import Limit, Quota, plan_mixture  # noqa: PLC0415
    from appliance.simulate.scripts import SCRIPTS  # noqa: PLC0415

    play = Play(arguments.hosts, arguments.hours, arguments.seed, arguments.start)
    if arguments.rows and arguments.attacks is None:
        quota = Quota(arguments.rows)
        return *plan_mixture(play, quota), quota
    names = arguments.attacks if arguments.attacks not in (None, ["all"]) else list(SCRIPTS)
    unknown = [name for name in names if name not in SCRIPTS]
    if unknown:
        raise ApplianceError(
            f"no such attack: {', '.join(unknown)}; there are {', '.join(SCRIPTS)}"
        )
    scripts = [SCRIPTS[name] for name in dict.fromkeys(names)]
    return plan_day(play, scripts), play.hours, Limit(arguments.rows or sys.maxsize)


def _write_packets(source: "DemoSource", stream: BinaryIO, labels: "Labels") -> None:
    """Write a pcap with times in ns; payload that was never spelled out is cut off."""
    stream.write(_PCAP_NS)
    for block in source.blocks():
        data = block.buffer.tobytes()
        if len(block.frames):
            labels.until_ns = int(block.frames["ts_ns"][-1]) + 1
        fields = (block.frames[name].tolist() for name in ("ts_ns", "offset", "caplen", "wirelen"))
        for ts_ns, at, caplen, wirelen in zip(*fields, strict=True):
            length = min(caplen, _SNAPLEN)
            seconds, rest = divmod(ts_ns, 1_000_000_000)
            stream.write(struct.pack("<IIII", seconds, rest, length, wirelen))
            stream.write(data[at : at + length])


def _write_flows(
    path: Path,
    config: "Config",
    source: "DemoSource",
    what: "tuple[Labels, Limit | Quota]",
) -> None:
    """Bring the packets through the flow table, so that the log is what the sensor would say."""
    from appliance.pipeline.export import NdjsonWriter, ZeekWriter, zeek_uid  # noqa: PLC0415
    from appliance.replay import Receivers, Replay  # noqa: PLC0415

    zeek = path.suffix == ".log"
    with ExitStack() as stack:
        stream = stack.enter_context(path.open("wb"))
        export = ZeekWriter(stream) if zeek else NdjsonWriter(stream)
        listed = stack.enter_context(path.with_suffix(".labels.csv").open("w", encoding="utf-8"))
        rows = csv.writer(listed, lineterminator="\n")
        rows.writerow(("uid", "label"))

        def note(number: int, label: str) -> None:
            rows.writerow((zeek_uid(str(number)) if zeek else number, label))

        write = _Chooser(source, what, export, note)
        judged = msgspec.structs.replace(config.detect, enabled=False)
        quiet = msgspec.structs.replace(config, detect=judged)
        for _ in Replay(quiet, source, Receivers(None, [write])).run():
            pass
        export.close()


class _Chooser:
    """Passes on the ended flows that are wanted, each with its label; ends the source after."""

    def __init__(
        self,
        source: "DemoSource",
        what: "tuple[Labels, Limit | Quota]",
        export: "Callable[[FlowBatch], None]",
        note: Callable[[int, str], None],
    ) -> None:
        self._source = source
        self._labels, self._wanted = what
        self._export = export
        self._note = note

    def __call__(self, batch: "FlowBatch") -> None:
        """Take an enriched batch."""
        chosen = []
        for index, flow in enumerate(batch.flows):
            if not flow["reason"]:
                continue  # goes on
            label = self._labels.find(flow)
            if self._wanted.take(label):
                chosen.append(index)
                self._note(int(flow["id"]), label)
                self._labels.until_ns = max(self._labels.until_ns, int(flow["last_ns"]) + 1)
        if chosen:
            self._export(_pick(batch, chosen))
        if self._wanted.filled:
            self._source.close()


def _pick(batch: "FlowBatch", chosen: list[int]) -> "FlowBatch":
    """Return some flows of an enriched batch."""
    picked = type(batch)(batch.flows[chosen], batch.interfaces)
    for name in ("meta", "orig", "resp"):
        column = getattr(batch, name)
        setattr(picked, name, [column[index] for index in chosen])
    return picked
