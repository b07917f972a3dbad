"""Models speak softly: what they say is never enough alone."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.learn import judges
from appliance.learn.flowmodel import FlowModel
from appliance.learn.flowscorer import FlowScorer
from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import HostScorer, HostScores
from appliance.learn.judges import FlowJudge, Limits, judge_windows, weigh_windows
from appliance.model.address import Address
from appliance.model.alert import Family
from appliance.model.flow import Direction, EndReason, FlowBatch
from appliance.model.meta import FlowMeta
from tests.support.fingerprints import Fleet, attack, only, window_batch
from tests.support.flowbatches import batch, flow


@pytest.fixture
def scorer(host_model: HostModel) -> HostScorer:
    return HostScorer(host_model._replace(threshold=0.5))  # usual ones stay below 0.45


def bad_windows(usual: Fleet, count: int = 3) -> Fleet:
    rows = np.arange(count) * 24  # one of each of the first hosts
    return only(usual, rows)._replace(values=attack(usual.values[rows], "theft"))


def test_a_strange_window_says_who_when_and_why(usual: Fleet, scorer: HostScorer) -> None:
    windows = window_batch(bad_windows(usual))
    signals = judge_windows(windows, scorer, Address)
    assert {signal.host.ip for signal in signals} == {"10.0.0.1", "10.0.0.2", "10.0.0.3"}
    signal = signals[0]
    assert (signal.kind, signal.family, signal.rule) == (
        "host_anomaly", Family.MODEL, "host_forest",
    )  # fmt: skip
    assert signal.first_s == windows.start_s
    assert "stranger than 99.9% of" in signal.sentence
    assert "MB sent to rare peers" in signal.sentence
    assert {"out_ratio", "out_volume"} & {term.name for term in signal.terms}
    assert sum(term.weight for term in signal.terms) == pytest.approx(signal.weight, abs=0.05)
    assert "usually 0.0" in next(t.text for t in signal.terms if t.name == "out_volume")


def test_usual_windows_are_silent(usual: Fleet, host_model: HostModel) -> None:
    scorer = HostScorer(host_model._replace(threshold=0.99))
    assert judge_windows(window_batch(usual), scorer, Address) == []
    nobody = only(usual, np.zeros(len(usual.hi), bool))
    assert judge_windows(window_batch(nobody), scorer, Address) == []


def test_strangers_are_not_judged(usual: Fleet, scorer: HostScorer) -> None:
    outside = window_batch(bad_windows(usual), inside=False)
    assert judge_windows(outside, scorer, Address) == []


def test_a_window_full_of_strange_hosts_gives_few_signals(
    usual: Fleet, host_model: HostModel
) -> None:
    scorer = HostScorer(host_model._replace(threshold=0.0))
    signals = judge_windows(window_batch(usual), scorer, Address)
    assert len(signals) == judges.MOST_WINDOWS


def scores(*, strange: bool, past: bool, unusual: bool) -> HostScores:
    one = np.ones(1)
    return HostScores(
        one, one.astype(np.float32), one.astype(int), one,
        np.array([unusual]), np.array([past]), np.array([strange]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("strange", "past", "unusual", "evidence", "weight"),
    [
        (False, False, True, 0.9, 0.0),
        (True, False, True, 0.9, judges.STRANGE),
        (True, True, False, 0.9, 0.0),  # it is always like that
        (False, True, True, 0.9, judges.UNLIKE_ITSELF),
        (True, True, True, 0.0, judges.BOTH),
        (True, True, True, 0.6, judges.BOTH + judges.AGREED),
    ],
)
def test_weights(strange: bool, past: bool, unusual: bool, evidence: float, weight: float) -> None:
    found = weigh_windows(
        scores(strange=strange, past=past, unusual=unusual), np.array([evidence], np.float32)
    )
    assert found.tolist() == [weight]


def test_alone_a_model_never_reaches_an_alert() -> None:
    """Unless the window's evidence agrees, it stays below alerts.low in every way."""
    low = Limits().low
    assert max(judges.STRANGE, judges.UNLIKE_ITSELF, judges.BOTH, judges.FLOW) < low
    assert judges.SOLO_SHARE < 1
    assert judges.BOTH >= 1.5 > judges.STRANGE  # what corroborates others, what does not


@pytest.fixture
def flow_scorer(flow_model: FlowModel) -> FlowScorer:
    scorer = FlowScorer()
    scorer.use(flow_model)
    return scorer


def odd(src: str = "10.0.0.1", start_s: float = 1_760_000_400, **fields: Any) -> Any:
    """A day-long UDP flow that sends gigabytes to a strange port."""
    given = {
        "orig_payload": 2**31, "orig_packets": 2_000_000, "resp_packets": 3, "resp_payload": 30,
    } | fields  # fmt: skip
    return flow(src, "203.0.113.9", start_s=start_s, duration_s=80_000, dport=31_337, proto=17,
                meta=FlowMeta(name="odd.example"), **given)  # fmt: skip


def judge(scorer: FlowScorer, judge_: FlowJudge, flows: FlowBatch) -> list[Any]:
    return judge_.judge(flows, scorer.score(flows.flows))


def test_a_strange_flow_is_told_once_a_day_for_a_host(flow_scorer: FlowScorer) -> None:
    judge_ = FlowJudge(flow_scorer, Limits(flows_per_day=10))
    signals = judge(flow_scorer, judge_, batch([odd(), odd(), odd("10.0.0.2")]))
    assert [signal.host.ip for signal in signals] == ["10.0.0.1", "10.0.0.2"]
    signal = signals[0]
    assert (signal.kind, signal.family, signal.port, signal.peer_name) == (
        "flow_anomaly", Family.MODEL, 31_337, "odd.example",
    )  # fmt: skip
    assert signal.solo_limit < Limits().low
    assert "GB sent" in signal.sentence
    assert judge(flow_scorer, judge_, batch([odd(start_s=1_760_000_500)])) == []
    assert len(judge(flow_scorer, judge_, batch([odd(start_s=1_760_090_000)]))) == 1
    assert judge_.statistics().flows_known == 2


def test_the_budget_of_a_day_holds(flow_scorer: FlowScorer) -> None:
    judge_ = FlowJudge(flow_scorer, Limits(flows_per_day=3))
    told = [
        len(judge(flow_scorer, judge_, batch([odd(f"10.0.1.{number}")]))) for number in range(9)
    ]
    assert sum(told) == 3
    assert judge_.statistics().flows_over_budget == 6


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"reason": EndReason.ACTIVE}, 0),
        ({"reason": EndReason.ATTEMPT}, 0),
        ({"direction": Direction.EXTERNAL}, 0),
        ({"direction": Direction.INBOUND, "resp_payload": 0}, 0),
        ({"direction": Direction.INBOUND}, 1),
        ({"direction": Direction.LOCAL}, 1),
    ],
)
def test_which_flows_are_worth_a_word(
    flow_scorer: FlowScorer, fields: dict[str, int], count: int
) -> None:
    judge_ = FlowJudge(flow_scorer, Limits())
    signals = judge(flow_scorer, judge_, batch([odd(**fields)]))
    assert len(signals) == count
    if fields.get("direction") == Direction.INBOUND and count:
        assert signals[0].host.ip == "203.0.113.9"  # the end that is ours


@pytest.mark.compiled
def test_usual_flows_and_no_model_are_silent(flow_scorer: FlowScorer, flows: NDArray[Any]) -> None:
    scores = flow_scorer.score(flows)
    assert flow_scorer.model is not None
    assert (scores > flow_scorer.model.threshold).mean() < 0.01
    silent = FlowScorer()
    assert judge(silent, FlowJudge(silent, Limits()), batch([odd()])) == []
