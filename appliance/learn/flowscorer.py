"""Scores for every flow as it ends, and a census of what kinds of flows there are."""

from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.kernels import flowscore as kernel
from appliance.kernels.jit import records
from appliance.learn.flowkey import features_of
from appliance.learn.flowmodel import FlowModel
from appliance.learn.forest import path_lengths
from appliance.learn.portclass import port_classes
from appliance.learn.walk import score, walkable
from appliance.model.flowkey import FLOW_FEATURES, T_END
from appliance.model.forest import MEMBER_DTYPE, NODE_DTYPE, Forest

_MEMO = 1 << 15  # scores remembered; 12 bytes each
_CENSUS = 1 << 14  # kinds of flows counted; 12 bytes each
_TAGS = 1 << 16  # (host, kind, hour) remembered as counted; 4 bytes each


class FlowTables(NamedTuple):
    """What the kernel works on."""

    forest: Forest
    rarity: NDArray[np.float32]
    ports: NDArray[np.uint8]  # class of each port
    memo_keys: NDArray[np.uint64]
    memo_scores: NDArray[np.float32]
    census_keys: NDArray[np.uint64]
    census_counts: NDArray[np.uint32]
    tags: NDArray[np.uint32]
    scratch: NDArray[np.float32]  # (1, FLOW_FEATURES)
    counters: NDArray[np.int64]


class FlowScorerStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since the start."""

    flows: int
    walked: int  # flows whose score was not remembered
    kinds: int  # in the census
    lost: int  # flows of kinds the census had no room for


class FlowScorer:
    """Scores flows with the current model, or with 0 while there is none."""

    def __init__(self) -> None:
        self._model: FlowModel | None = None
        self._flows = 0
        self._tables = FlowTables(
            forest=_no_forest(),
            rarity=np.zeros(T_END, np.float32),
            ports=port_classes(),
            memo_keys=np.zeros(_MEMO, np.uint64),
            memo_scores=np.zeros(_MEMO, np.float32),
            census_keys=np.zeros(_CENSUS, np.uint64),
            census_counts=np.zeros(_CENSUS, np.uint32),
            tags=np.zeros(_TAGS, np.uint32),
            scratch=np.zeros((1, len(FLOW_FEATURES)), np.float32),
            counters=np.zeros(8, np.int64),
        )

    @property
    def model(self) -> FlowModel | None:
        """The model in use."""
        return self._model

    @property
    def forest(self) -> Forest:
        """The forest in use, walkable; a single leaf without a model."""
        return self._tables.forest

    def use(self, model: FlowModel | None) -> None:
        """Score with another model from now on; the thread that scores calls this."""
        self._model = model
        tables = self._tables
        tables.memo_keys[:] = 0
        tables.counters[kernel.SCORING] = model is not None
        if model is not None:
            tables.counters[kernel.SERVICES] = model.services
            self._tables = tables._replace(forest=walkable(model.forest), rarity=model.rarity)
            self.fade()

    def score(
        self, flows: NDArray[Any], services: NDArray[np.uint8] | None = None
    ) -> NDArray[np.float32]:
        """Return the score of each flow, 0..1, larger = stranger.

        flows : FLOW_DTYPE (n,);  services : indices of model.contact.SERVICES, None = unknown
        """
        scores = np.empty(len(flows), np.float32)
        if services is None:
            services = np.zeros(len(flows), np.uint8)
        kernel.score_flows(self._tables, records(flows), services, scores)
        self._flows += len(flows)
        return scores

    def keys(
        self, flows: NDArray[Any], services: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint64]:
        """Return the key of each flow."""
        return flow_keys(flows, services, self._tables.ports)

    def census(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """Return the kinds of flows seen and how often; copies, in the order of the keys."""
        used = np.flatnonzero(self._tables.census_counts)
        order = used[np.argsort(self._tables.census_keys[used])]
        return self._tables.census_keys[order], self._tables.census_counts[order]

    def fade(self) -> None:
        """Halve the census, so that what is long gone is forgotten; done after each training."""
        keys, counts = self.census()
        self._tables.census_keys[:] = 0
        self._tables.census_counts[:] = 0
        self._tables.counters[kernel.KINDS] = 0
        kept = counts >= 2
        self.remember(keys[kept], counts[kept] // 2)

    def remember(self, keys: NDArray[np.uint64], counts: NDArray[np.uint32]) -> None:
        """Add what was counted before, as after a restart."""
        # the most frequent first: they are worth the room
        order = np.argsort(-counts.astype(np.int64), kind="stable")
        kernel.put_kinds(self._tables, keys[order], counts[order])

    def statistics(self) -> FlowScorerStatistics:
        """Return the counters."""
        counters = self._tables.counters
        return FlowScorerStatistics(
            flows=self._flows,
            walked=int(counters[kernel.WALKED]),
            kinds=int(counters[kernel.KINDS]),
            lost=int(counters[kernel.LOST]),
        )

    def explain(self, key: int) -> list[tuple[str, float, float, float]]:
        """Return (feature, share of the score, value, usual value) of a key, strongest first.

        A feature's share is by how much the score falls when it takes its usual value.
        """
        model = self._model
        if model is None:
            return []
        row = features_of(np.array([key], np.uint64), model.rarity)
        rows = np.repeat(row, len(FLOW_FEATURES) + 1, axis=0)
        index = np.arange(len(FLOW_FEATURES))
        rows[index + 1, index] = model.usual
        scores = score(self._tables.forest, rows)
        falls = scores[0] - scores[1:]
        return [
            (FLOW_FEATURES[i], float(falls[i]), float(row[0, i]), float(model.usual[i]))
            for i in np.argsort(-falls, kind="stable").tolist()
            if falls[i] > 0
        ]


def flow_keys(
    flows: NDArray[Any],
    services: NDArray[np.uint8] | None = None,
    ports: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint64]:
    """Return the key of each flow. ports : of `port_classes`, to spare making them."""
    keys = np.empty(len(flows), np.uint64)
    known = np.zeros(len(flows), np.uint8) if services is None else services
    kernel.make_keys(records(flows), known, port_classes() if ports is None else ports, keys)
    return keys


def _no_forest() -> Forest:
    """Return the smallest forest there is: a leaf."""
    nodes = np.zeros(1, NODE_DTYPE)
    nodes["feature"] = -1
    return walkable(
        Forest(
            nodes,
            np.zeros(1, np.int32),
            np.array([(0, 1, 1.0)], MEMBER_DTYPE),
            np.array([0, 1], np.int32),
            path_lengths(2),
        )
    )
