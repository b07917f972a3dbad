"""Flows get the label of the conversation they are made of, and of no other."""

import csv
import io

import numpy as np

from appliance.demo.conversation import S_NS, UDP, Conversation, Step
from appliance.simulate.day import BENIGN, Day, Intrusion, Play, plan_day
from appliance.simulate.labels import Labels, format_truth
from appliance.simulate.scripts import SCRIPTS
from tests.support.simulation import START_NS, office, read, until

A, B = office().find()[:2]
QUESTION = [Step(0, True, 0, b"q", 1), Step(10**7, False, 0, b"a", 1)]


def talk(start_s: float, label: str, port: int = 50_000) -> Conversation:
    return Conversation(int(start_s * S_NS), A.at(port), B.at(53), UDP, QUESTION, label)


def hear(*talks: Conversation) -> tuple[Labels, list[str]]:
    labels = Labels(START_NS)
    flows = read(labels.noting(iter(talks))).flows
    order = np.argsort(flows["first_ns"])
    return labels, [labels.find(flow) for flow in flows[order]]


def test_labels_are_found_by_ends_and_time() -> None:
    """A port may be used again by somebody honest."""
    _, found = hear(talk(0, BENIGN), talk(100, "dga"), talk(200, BENIGN), talk(300, "dga", 50_001))
    assert found == [BENIGN, "dga", BENIGN, "dga"]


def test_a_day_s_flows_have_the_labels_of_their_attacks() -> None:
    scripts = [SCRIPTS[name] for name in ("fin_scan", "protocol_scan")]
    day = plan_day(Play(2, 0.02, 1), scripts)
    labels = Labels(START_NS)
    talks = [one for talks in day.talks for one in until(labels.noting(talks), 72)]
    flows = read(sorted(talks, key=lambda one: one.start_ns)).flows
    found = [labels.find(flow) for flow in flows]
    assert found.count("fin_scan") == 120
    assert found.count("protocol_scan") >= 16
    assert found.count(BENIGN) >= 4


def truth_of(labels: Labels) -> list[list[str]]:
    day = Day([], [Intrusion("dga", "192.168.20.20", "dga")], ["192.168.20.20", "192.168.20.21"])
    return list(csv.reader(io.StringIO(format_truth(day, labels))))


def test_truth_says_when_an_attack_was_seen() -> None:
    labels, _ = hear(talk(3_610, "dga"), talk(7_000, "dga"))
    labels.until_ns = START_NS + 86_400 * S_NS
    assert truth_of(labels) == [
        ["host", "malicious", "start", "end", "what", "source"],
        ["192.168.20.20", "1", "01:00", "01:57", "dga", "dga"],
        ["192.168.20.21", "0", "", "", BENIGN, "habits"],
    ]


def test_what_was_not_played_is_not_there() -> None:
    labels, _ = hear(talk(3_610, "dga"))
    labels.until_ns = START_NS + 3_600 * S_NS
    assert [row[1] for row in truth_of(labels)[1:]] == ["0", "0"]


def test_days_are_told_apart() -> None:
    labels, _ = hear(talk(90_000, "dga"))
    labels.until_ns = START_NS + 100_000 * S_NS
    assert truth_of(labels)[1][2:4] == ["2026-01-06T01:00:00+00:00", "2026-01-06T01:01:00+00:00"]
