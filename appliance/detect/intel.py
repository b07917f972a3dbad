"""Threat intelligence: contacts with addresses and names that local lists know as bad."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Intel
from appliance.detect.fanview import Resolve, say_service
from appliance.detect.intellist import (
    Hit,
    Table,
    TableBuilder,
    empty_table,
    find_addresses,
    find_name,
)
from appliance.detect.weights import Weights
from appliance.model.address import Address
from appliance.model.alert import Family, Signal, Term
from appliance.model.contact import CONTACT_ANSWERED, MARK_CLOUD, MARK_VENDOR
from appliance.model.flow import Direction, FlowBatch
from appliance.model.observation import DnsSeen, Observation

CHECK_S = 10.0  # between looks at the files
CHECKED = 65_536  # names remembered as looked up, about 10 MB
TOLD = 4_096  # (host, listed) said lately
AGAIN_S = 600.0  # before the same is said again

IsResolver = Callable[[int, int], bool]  # (hi, lo)


class IntelStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """`hits` and `reloads` since start, the others of the lists in use."""

    ranges: int
    names: int
    refused: int  # entries that name private or far too wide networks
    overflow: int  # entries beyond the limit
    unreadable: int  # files
    hits: int
    reloads: int


class IntelWatch:
    """Compares contacts and names with lists. One thread; packet time.

    Lists are read whole at the start; when a file changes they are read again, a few thousand
    lines at each `refresh`, and the old ones count until then.

    is_resolver : tells whether an address asks DNS questions for others
    """

    def __init__(
        self, weights: Weights, config: Intel, resolve: Resolve, is_resolver: IsResolver
    ) -> None:
        self._weights = weights.intel
        self._resolve = resolve
        self._is_resolver = is_resolver
        self._paths = tuple(Path(text) for text in config.lists)
        self._allowed_paths = tuple(Path(text) for text in config.allow)
        self._bad = empty_table()
        self._allowed = empty_table()
        self._stamps = self._stamp()
        self._checked_s = float("-inf")
        self._reading: Iterator[tuple[Table, Table] | None] | None = None
        self._clean: OrderedDict[str, None] = OrderedDict()  # names that are not listed
        self._told: OrderedDict[tuple[int, int, str], float] = OrderedDict()
        self._hits = 0
        self._reloads = 0
        for tables in self._read():
            if tables is not None:
                self._bad, self._allowed = tables

    def refresh(self, now_s: float) -> bool:
        """Look for changed files; True when new lists came into use: old contacts count again.

        Call it about once a second, on any clock, but always the same.
        """
        if self._reading is None and not self._checked_s <= now_s < self._checked_s + CHECK_S:
            self._checked_s = now_s
            stamps = self._stamp()
            if stamps != self._stamps:
                self._stamps = stamps
                self._reading = self._read()
        if self._reading is None:
            return False
        tables = next(self._reading, None)
        if tables is None:
            return False
        self._bad, self._allowed = tables
        self._reading = None
        self._clean.clear()
        self._reloads += 1
        return True

    def observe(self, contacts: NDArray[Any]) -> list[Signal]:
        """Take CONTACT_DTYPE rows that are new; return those with a listed end.

        cost : 1 us a row where there are lists
        """
        if not len(self._bad.first) or not len(contacts):
            return []
        rows = contacts[contacts["direction"] != Direction.LOCAL]
        signals: list[Signal] = []
        for end in ("resp", "orig"):
            keys = _pack_keys(rows, end)
            for index, hit in find_addresses(self._bad, keys):
                if not find_addresses(self._allowed, keys[index : index + 1]):
                    signals += self._judge_address(rows[index], end, hit)
        return signals

    def observe_names(self, items: Iterable[Observation]) -> list[Signal]:
        """Take observations, those of DNS count; return who asked for a listed name."""
        if not len(self._bad.names):
            return []
        signals: list[Signal] = []
        for seen in items:
            found = self._look_up(seen.name) if isinstance(seen, DnsSeen) else None
            if found is not None and isinstance(seen, DnsSeen):
                signals += self._judge_question(seen, *found)
        return signals

    def observe_flows(self, batch: FlowBatch) -> list[Signal]:
        """Take enriched flows; return those spoken to under a listed name.

        cost : 0.1 us a flow; names looked up once
        """
        if not len(self._bad.names):
            return []
        signals: list[Signal] = []
        for index, meta in enumerate(batch.meta):
            name = (meta.sni or meta.http_host or meta.name) if meta is not None else ""
            if not name or name in self._clean:
                continue
            found = self._look_up(name.rpartition(":")[0] if ":" in name else name)
            if found is not None:
                signals += self._judge_flow(batch, index, name, found)
        return signals

    def statistics(self) -> IntelStatistics:
        """Return the counters."""
        return IntelStatistics(
            ranges=len(self._bad.first),
            names=len(self._bad.names),
            refused=self._bad.refused,
            overflow=self._bad.overflow,
            unreadable=self._bad.unreadable + self._allowed.unreadable,
            hits=self._hits,
            reloads=self._reloads,
        )

    def _read(self) -> Iterator[tuple[Table, Table] | None]:
        """Give None while there is more to read, then the tables."""
        builders = TableBuilder(self._paths), TableBuilder(self._allowed_paths)
        for builder in builders:
            for _ in builder.steps():
                yield None
        bad, allowed = builders[0].table, builders[1].table
        yield (bad or empty_table(), allowed or empty_table())

    def _stamp(self) -> tuple[tuple[int, int] | None, ...]:
        stamps: list[tuple[int, int] | None] = []
        for path in (*self._paths, *self._allowed_paths):
            try:
                status = path.stat()
            except OSError:
                stamps.append(None)
            else:
                stamps.append((status.st_mtime_ns, status.st_size))
        return tuple(stamps)

    def _look_up(self, name: str) -> tuple[str, Hit] | None:
        if name in self._clean:
            return None
        found = find_name(self._bad, name.lower())
        if found is not None and find_name(self._allowed, name.lower()) is None:
            return found
        if len(self._clean) >= CHECKED:
            self._clean.popitem(last=False)
        self._clean[name] = None
        return None

    def _judge_question(self, seen: DnsSeen, listed: str, hit: Hit) -> list[Signal]:
        client = self._resolve(seen.client_hi, seen.client_lo)
        ts_s = seen.ts_ns / 1e9
        if not self._is_news(client, listed, ts_s):
            return []
        terms = [Term("asked", self._weights.asked, f"{listed} stands in {hit.source}")]
        if self._is_resolver(seen.client_hi, seen.client_lo):
            terms.append(Term("resolver", self._weights.resolver, "it asks for others"))
        sentence = f"asked for {seen.name}, which {hit.source} knows as bad"
        how = (ts_s, ts_s, 53, 17, seen.name)
        server = self._resolve(seen.server_hi, seen.server_lo)
        return [self._signal(client, server, terms, sentence, how)]

    def _judge_flow(
        self, batch: FlowBatch, index: int, name: str, found: tuple[str, Hit]
    ) -> list[Signal]:
        flow, host, peer = batch.flows[index], batch.orig[index], batch.resp[index]
        listed, hit = found
        first_s, last_s = int(flow["first_ns"]) / 1e9, int(flow["last_ns"]) / 1e9
        if not self._is_news(host, f"{listed} {peer.ip}", last_s):
            return []
        terms = [Term("name", self._weights.name, f"{listed} stands in {hit.source}")]
        sentence = f"spoke to {name} ({peer.ip}), which {hit.source} knows as bad"
        how = (first_s, last_s, int(flow["resp"]["port"]), int(flow["proto"]), name)
        return [self._signal(host, peer, terms, sentence, how)]

    def _is_news(self, host: Address, what: str, now_s: float) -> bool:
        """Tell whether this was not said of the host within AGAIN_S."""
        key = (host.hi, host.lo, what)
        if self._told.get(key, float("-inf")) > now_s - AGAIN_S:
            return False
        if len(self._told) >= TOLD:
            self._told.popitem(last=False)
        self._told[key] = now_s
        self._told.move_to_end(key)
        return True

    def _judge_address(self, row: Any, end: str, hit: Hit) -> list[Signal]:
        limit = self._weights
        other = "orig" if end == "resp" else "resp"
        peer = self._resolve(int(row[f"{end}_hi"]), int(row[f"{end}_lo"]))
        host = self._resolve(int(row[f"{other}_hi"]), int(row[f"{other}_lo"]))
        if peer.local:
            return []
        answered = bool(row["bits"] & CONTACT_ANSWERED)
        weight = limit.address if hit.single else limit.network
        terms = [Term("listed", weight, f"{peer.ip} stands in {hit.source}")]
        if not hit.single and hit.bits < limit.wide_bits:
            terms.append(Term("wide", limit.wide, f"as one of a /{hit.bits:.0f}"))
        terms += _shared_terms(peer, limit.vendor, limit.cloud)
        if end == "orig":
            terms.append(Term("inbound", limit.inbound, "it called, as scanners do"))
        if not answered:
            terms.append(Term("silent", limit.silent, "nothing came back"))
        verb = "was called by" if end == "orig" else "contacted"
        sentence = (
            f"{verb} {peer.ip} ({say_service(int(row['port']), int(row['proto']))}), "
            f"which {hit.source} knows as bad"
        )
        times = float(row["first_s"]), float(row["last_s"])
        how = (*times, int(row["port"]), int(row["proto"]), "")
        return [self._signal(host, peer, terms, sentence, how)]

    def _signal(
        self,
        host: Address,
        peer: Address,
        terms: list[Term],
        sentence: str,
        how: tuple[float, float, int, int, str],
    ) -> Signal:
        self._hits += 1
        first_s, last_s, port, proto, name = how
        return Signal(
            ts_s=last_s,
            first_s=first_s,
            last_s=last_s,
            rule="threat_intel",
            kind="threat_intel",
            family=Family.INTEL,
            host=host,
            peer=peer,
            peer_name=name,
            port=port,
            proto=proto,
            weight=sum(term.weight for term in terms),
            terms=tuple(terms),
            sentence=sentence,
            per_peer=True,
            half_life_s=self._weights.half_life_s,
            inside=host.local,
        )


def _pack_keys(rows: NDArray[Any], end: str) -> NDArray[np.bytes_]:
    """Return the addresses of one end as S16 in network order."""
    words = np.empty((len(rows), 2), ">u8")
    words[:, 0] = rows[f"{end}_hi"]
    words[:, 1] = rows[f"{end}_lo"]
    return words.view("S16").ravel()


def _shared_terms(peer: Address, vendor: float, cloud: float) -> list[Term]:
    if peer.marks & MARK_VENDOR:
        return [Term("vendor", vendor, "an address many services share")]
    if peer.marks & MARK_CLOUD:
        return [Term("cloud", cloud, "a rented address")]
    return []
