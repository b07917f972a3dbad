"""The judge of pairs: contacts that are due become signals.

Cheap gates on arrays first; of the few rows that pass one, each kind of evidence is asked in its
own module.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.detect import gates
from appliance.detect.beacon import NOT_REGULAR, judge_beacon
from appliance.detect.bruteforce import judge_guessing
from appliance.detect.burst import judge_burst
from appliance.detect.callhome import judge_retries
from appliance.detect.exfil import History, judge_upload
from appliance.detect.flood import judge_flood, judge_torrents
from appliance.detect.habits import DAY_S, Habits
from appliance.detect.habits import Peer as HabitPeer
from appliance.detect.names import is_known_service
from appliance.detect.oddservice import judge_service
from appliance.detect.pair import Pair, Surroundings, Tables, read_contact, read_rhythm, read_survey
from appliance.detect.weights import Weights
from appliance.kernels import regularity
from appliance.kernels.jit import records
from appliance.kernels.survey import survey
from appliance.model.address import Address
from appliance.model.alert import Signal
from appliance.model.contact import CONTACT_DTYPE, CONTACT_JUDGED, TIMING_DTYPE
from appliance.model.flow import Direction, FlowBatch
from appliance.model.pair import PAIR_DTYPE, SHAPE_DTYPE, SURVEY_DTYPE

AT_ONCE = 256  # rows whose features are held at a time

Rows = NDArray[np.int32]


class PairJudge:
    """Judges contacts. One thread; signals come in the order of the rows.

    resolve : the Address of two words;  name_of : its DNS, SNI or HTTP name, "" unknown
    """

    def __init__(
        self,
        weights: Weights,
        contacts: Tables,
        resolve: Callable[[int, int], Address],
        name_of: Callable[[int, int], str],
        habits: Habits,
        history: History | None,
    ) -> None:
        self._weights = weights
        self._tables = contacts
        self._resolve = resolve
        self._name_of = name_of
        self._habits = habits
        self._history = history
        self._shape = _make_shape(weights)
        self._pairs = np.zeros(AT_ONCE, PAIR_DTYPE)
        self._scratch = np.zeros(regularity.SCRATCH)
        self._stamps = np.zeros((2, 1), np.uint32)
        self._stamp = 0
        self._found = np.zeros(1, SURVEY_DTYPE)

    def judge(self, rows: Rows, now_s: float) -> list[Signal]:
        """Return what the contacts of these rows amount to, and write their pair scores.

        now_s : packet time
        cost : 150 us a call, 2-9 us a row with a full ring, about 50 us more if it passes a gate
        """
        signals: list[Signal] = []
        for at in range(0, len(rows), AT_ONCE):
            signals += self._judge_some(np.ascontiguousarray(rows[at : at + AT_ONCE]), now_s)
        return signals

    def judge_flows(self, batch: FlowBatch, now_s: float) -> list[Signal]:
        """Return the flows that are a flood by themselves, which no count of contacts shows."""
        return judge_torrents(batch, now_s, self._weights.flood)

    def _judge_some(self, rows: Rows, now_s: float) -> list[Signal]:
        tables = self._tables
        pairs = self._pairs[: len(rows)]
        pairs[:] = 0
        regularity.describe(
            records(tables.contacts),
            records(tables.timings),
            rows,
            records(self._shape),
            records(pairs),
            self._scratch,
        )
        chosen = tables.contacts[rows]
        passed = gates.find_passed(chosen, pairs, self._weights)
        self._write_back(rows, pairs)
        signals: list[Signal] = []
        for i in np.flatnonzero(passed).tolist():
            pair = self._make_pair(int(rows[i]), chosen[i], pairs[i], now_s)
            signals += self._judge_pair(pair, int(passed[i]))
        return signals

    def _write_back(self, rows: Rows, pairs: NDArray[Any]) -> None:
        """Note which rows were judged; those with a rhythm get their score from the judge."""
        contacts = self._tables.contacts
        contacts["bits"][rows] |= CONTACT_JUDGED
        contacts["score"][rows[pairs["timed"] <= self._weights.timing.gate]] = NOT_REGULAR

    def _judge_pair(self, pair: Pair, passed: int) -> list[Signal]:
        w = self._weights
        known = bool(pair.name) and is_known_service(pair.name)
        found: list[Signal | None] = []
        if passed & gates.BEACON:
            score, signal = judge_beacon(pair, known, w.beacon)
            self._tables.contacts["score"][pair.row] = score
            found.append(signal)
        if passed & gates.RETRY:
            found.append(judge_retries(pair, known, w.retry))
        if passed & gates.BURST:
            found.append(judge_burst(pair, known, w.burst))
        if passed & gates.UPLOAD:
            found.append(judge_upload(pair, known, self._usual(pair), w.exfil))
        if passed & gates.GUESSING:
            found.append(judge_guessing(pair, w.brute))
        if passed & gates.ODD:
            found.append(judge_service(pair, known, w.odd))
        if passed & gates.FLOOD:
            found.append(judge_flood(pair, w.flood))
        return [signal for signal in found if signal]

    def _usual(self, pair: Pair) -> float | None:
        return self._history.usual_upload(pair.host.hi, pair.host.lo) if self._history else None

    def _make_pair(self, row: int, contact: np.void, rhythm: np.void, now_s: float) -> Pair:
        seen = read_contact(contact)
        orig = self._resolve(seen.orig_hi, seen.orig_lo)
        resp = self._resolve(seen.resp_hi, seen.resp_lo)
        host, peer = (resp, orig) if seen.direction == Direction.INBOUND else (orig, resp)
        name = self._name_of(peer.hi, peer.lo)
        hosts = self._tables.hosts
        known = hosts[seen.host] if seen.host < len(hosts) else None
        return Pair(
            row=row,
            now_s=now_s,
            host=host,
            peer=peer,
            name=name,
            inside=host.local if known is None else bool(known["inside"]),
            contact=seen,
            rhythm=read_rhythm(rhythm),
            host_first_s=seen.first_s if known is None else float(known["first_s"]),
            host_hours=0 if known is None else int(known["hours"]),
            hosts_in_view=self._tables.hosts_in_view(),
            survey=self._survey,
            known_days=self._habits.known_days(
                (host.hi, host.lo),
                HabitPeer(peer.hi, peer.lo, name, seen.direction == Direction.LOCAL),
                int(now_s // DAY_S),
            ),
        )

    def _survey(self, row: int) -> Surroundings:
        tables = self._tables
        if len(tables.hosts) > self._stamps.shape[1]:
            self._stamps = np.zeros((2, 2 * len(tables.hosts)), np.uint32)
        self._stamp += 1
        self._found[:] = 0
        survey(
            records(tables.contacts),
            tables.host_column,
            tables.net_column,
            row,
            self._stamps,
            self._stamp,
            records(self._found),
        )
        return read_survey(self._found[0])


def warm_up() -> None:
    """Compile the kernels, or load them from the cache."""
    contacts, timings = np.zeros(1, CONTACT_DTYPE), np.zeros(1, TIMING_DTYPE)
    column, rows = np.zeros(1, np.uint32), np.zeros(1, np.int32)
    regularity.describe(
        records(contacts),
        records(timings),
        rows,
        records(np.zeros(1, SHAPE_DTYPE)),
        records(np.zeros(1, PAIR_DTYPE)),
        np.zeros(regularity.SCRATCH),
    )
    stamps, found = np.zeros((2, 1), np.uint32), np.zeros(1, SURVEY_DTYPE)
    survey(records(contacts), column, column, 0, stamps, 1, records(found))


def _make_shape(weights: Weights) -> NDArray[Any]:
    shape = np.zeros(1, SHAPE_DTYPE)
    for name in SHAPE_DTYPE.names or ():
        shape[name] = getattr(weights.timing, name)
    return shape
