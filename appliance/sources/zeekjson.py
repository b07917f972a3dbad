"""Zeek's logs as JSON, one object a line."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import msgspec

from appliance.sources.lines import LineFile
from appliance.sources.table import Table

_TIMES = frozenset({"ts"})
_NUMBERS = frozenset({"duration", "rtt", "lease_time"})
_COUNTS = frozenset({
    "id.orig_p", "id.resp_p", "orig_bytes", "resp_bytes", "missed_bytes", "orig_pkts",
    "orig_ip_bytes", "resp_pkts", "resp_ip_bytes", "vlan", "inner_vlan", "ip_proto", "trans_id",
    "qtype", "rcode",
})  # fmt: skip
_LISTS = frozenset({"answers", "msg_types", "uids"})


def _type_of(field: str) -> Any:
    if field in _TIMES:
        return float | str | None
    if field in _NUMBERS:
        return float | None
    if field in _COUNTS:
        return int | None
    if field in _LISTS:
        return list[Any] | str | None
    return str | None


class ZeekJson:
    """Records of one log; `damaged` counts what was left out, by reason.

    wanted : the fields that matter; others are skipped unread
    underscores : id_orig_h instead of id.orig_h, as some stores of logs have it
    """

    set_separator = ","

    def __init__(
        self, file: LineFile, wanted: frozenset[str], *, underscores: bool = False
    ) -> None:
        self._file = file
        self._names = sorted(wanted)
        attributes = [name.replace(".", "_") for name in self._names]
        keys = attributes if underscores else self._names
        record = msgspec.defstruct(
            "Record",
            [
                (attribute, _type_of(name), None)
                for attribute, name in zip(attributes, self._names, strict=True)
            ],
            rename=dict(zip(attributes, keys, strict=True)),
            gc=False,
        )
        self._getters = [attrgetter(attribute) for attribute in attributes]
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(record)
        self.damaged: dict[str, int] = {}

    def tables(self, size: int) -> Iterator[Table]:
        """Yield all records, `size` at a time, in the order of the file."""
        held: list[str] = []
        for text in self._file.blocks():
            held += [line for line in text.split("\n") if line and line[0] != "#"]
            done = 0
            while len(held) - done >= size:
                yield self._table(held[done : done + size])
                done += size
            del held[:done]
        if held:
            yield self._table(held)

    def _table(self, lines: list[str]) -> Table:
        try:
            records = self._decoder.decode_lines("\n".join(lines))
        except msgspec.DecodeError:
            records = self._one_by_one(lines)
        columns = {
            name: list(map(getter, records))
            for name, getter in zip(self._names, self._getters, strict=True)
        }
        return Table(columns, len(records))

    def _one_by_one(self, lines: list[str]) -> list[Any]:
        """Decode what can be decoded, and count the rest."""
        records = []
        for line in lines:
            try:
                records.append(self._decoder.decode(line))
            except msgspec.ValidationError:
                self._count("types")
            except msgspec.DecodeError:
                self._count("json")
        return records

    def _count(self, reason: str) -> None:
        self.damaged[reason] = self.damaged.get(reason, 0) + 1
