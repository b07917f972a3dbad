"""The logs beside conn.log, read along with it: joined by uid, bounded in memory."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.model.flow import FlowBatch
from appliance.model.meta import DeviceFact, FlowMeta
from appliance.model.observation import Observation
from appliance.sources.entries import MAX_ANSWERS, Entry, Reader
from appliance.sources.table import Table

AHEAD_NS = 60_000_000_000  # a record belongs to a flow that may have begun a minute before
_RECORDS = 500  # read at a time
_MAX_PENDING = 16_384  # flows whose connection record has not come yet

_MIX = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


class Records(Protocol):
    """A log of any form, record by record."""

    damaged: dict[str, int]

    @property
    def set_separator(self) -> str:
        """Between the members of a set."""

    def tables(self, size: int) -> Iterator[Table]:
        """Yield all records, `size` at a time, in the order of the file."""


class NameTable(Protocol):
    """Passive DNS: which name was asked for before an address was used."""

    def learn(self, answer: int, client: int, name: str, ts_ns: int) -> None:
        """Note that `name` was answered with an address (a key), to a client (a key)."""

    def known(self, answers: list[int]) -> list[int]:
        """Return the indices of the keys that have a name."""

    def find(self, answer: int, client: int, first_ns: int) -> str:
        """Return the best name of an address for a client's flow, "" without."""


class Told(NamedTuple):
    """What the logs said up to a moment, in the order of time."""

    observations: list[Observation]
    facts: list[DeviceFact]


class Companion:
    """One log beside conn.log."""

    def __init__(self, records: Records, read: Reader) -> None:
        self._records = records
        self._read = read
        self._tables = records.tables(_RECORDS)
        self.ahead_ns = 0  # time of the newest record read
        self.ended = False
        self.damaged: dict[str, int] = records.damaged

    def step(self) -> list[Entry]:
        """Return some more entries; none at the end."""
        table = next(self._tables, None)
        if table is None:
            self.ended = True
            return []
        entries = list(self._read(table, self._records.set_separator))
        missing = len(table) - len(entries)
        if missing:
            self.damaged["incomplete"] = self.damaged.get("incomplete", 0) + missing
        if entries:
            self.ahead_ns = max(self.ahead_ns, *(entry.ts_ns for entry in entries))
        return entries


class Companions:
    """All logs beside conn.log. Records wait for their flow, observations for their time.

    names : where looked-up names are remembered; None = later flows get none
    """

    def __init__(self, logs: list[Companion], names: NameTable | None) -> None:
        self._logs = logs
        self._names = names
        self._pending: OrderedDict[str, FlowMeta] = OrderedDict()
        self._waiting: list[Entry] = []
        self.evicted = 0  # flows whose record came too late, or never
        self.joined = 0  # flows that were told something by these logs

    def advance(self, until_ns: int) -> None:
        """Read on until every log has come to a time, or to its end."""
        for log in self._logs:
            while not log.ended and log.ahead_ns <= until_ns:
                for entry in log.step():
                    self._take(entry)

    def next_ns(self) -> int | None:
        """Return up to when the log that lags most was read; None once all have ended."""
        return min((log.ahead_ns for log in self._logs if not log.ended), default=None)

    def fill(self, batch: FlowBatch) -> None:
        """Give the flows of a batch what was said about them, and names."""
        if self._pending:
            for index, uid in enumerate(batch.uids):
                known = self._pending.pop(uid, None)
                if known is not None:
                    batch.meta[index] = _merge(batch.meta[index], known)
                    self.joined += 1
        if self._names is not None:
            self._add_names(self._names, batch)

    def tell(self, until_ns: int) -> Told:
        """Return what was observed up to a time and not told before."""
        due = [entry for entry in self._waiting if entry.ts_ns <= until_ns]
        if not due:
            return Told([], [])
        self._waiting = [entry for entry in self._waiting if entry.ts_ns > until_ns]
        observations = [seen for entry in due for seen in entry.observations]
        facts = [fact for entry in due for fact in entry.facts]
        observations.sort(key=lambda seen: seen.ts_ns)
        facts.sort(key=lambda fact: fact.ts_ns)
        return Told(observations, facts)

    def _take(self, entry: Entry) -> None:
        if entry.meta is not None and entry.uid:
            known = self._pending.get(entry.uid)
            self._pending[entry.uid] = _merge(known, entry.meta) if known else entry.meta
            if len(self._pending) > _MAX_PENDING:
                self._pending.popitem(last=False)
                self.evicted += 1
        if entry.lookup is not None and self._names is not None:
            client = _key(*entry.lookup.client)
            for words in entry.lookup.addresses:
                self._names.learn(_key(*words), client, entry.lookup.name, entry.ts_ns)
        if entry.observations or entry.facts:
            self._waiting.append(entry)

    def _add_names(self, names: NameTable, batch: FlowBatch) -> None:
        flows = batch.flows
        answers = _keys(flows["resp"]).tolist()
        known = names.known(answers)
        if not known:
            return
        clients = _keys(flows["orig"][known]).tolist()
        begins = flows["first_ns"][known].tolist()
        for index, client, first_ns in zip(known, clients, begins, strict=True):
            meta = batch.meta[index]
            if meta is None:
                meta = batch.meta[index] = FlowMeta()
            if not meta.name:
                meta.name = names.find(answers[index], client, first_ns)


def _key(hi: int, lo: int) -> int:
    return hi * _MIX + lo & _MASK


def _keys(side: NDArray[Any]) -> NDArray[np.uint64]:
    keys: NDArray[np.uint64] = side["addr_hi"] * np.uint64(_MIX) + side["addr_lo"]
    return keys


def _merge(first: FlowMeta | None, second: FlowMeta) -> FlowMeta:
    """Return both; what was said first stays, but answers belong to the first question."""
    if first is None:
        merged = second
    else:
        merged = first
        same_question = first.dns_query in {"", second.dns_query}
        for field in FlowMeta.__struct_fields__:
            if field.startswith("dns_") and not same_question:
                continue
            if not getattr(merged, field):
                setattr(merged, field, getattr(second, field))
    merged.dns_answers = merged.dns_answers[:MAX_ANSWERS]
    merged.name = merged.sni or merged.http_host or merged.name
    return merged
