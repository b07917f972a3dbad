"""Chores: what machines do on their own."""

import itertools
import random

import pytest

from appliance.demo import chores
from appliance.demo.conversation import ARP
from appliance.demo.devices import CAMERA, NAS, PLUG, RASPBERRY, WORKSTATION

ENDLESS = (
    chores.advertise, chores.keep_time, chores.check_network, chores.update,
    chores.stay_connected, chores.record, chores.monitor,
)  # fmt: skip


@pytest.mark.parametrize("chore", ENDLESS)
def test_starts_never_go_back(chore) -> None:
    starts = [t.start_ns for t in itertools.islice(chore(CAMERA, random.Random(2)), 12)]
    assert starts == sorted(starts)
    assert len(starts) == 12


def test_joining_leases_an_address_and_ends() -> None:
    talks = list(chores.join(WORKSTATION, random.Random(2)))
    starts = [talk.start_ns for talk in talks]
    assert starts == sorted(starts)
    assert (talks[0].orig.port, talks[0].resp.port) == (68, 67)
    assert b"DESKTOP-7KQ2F1" in talks[0].steps[0].payload
    assert sum(talk.proto == ARP for talk in talks) == 2
    assert any(talk.resp.port == 137 for talk in talks)


def test_reports_go_to_the_makers_cloud() -> None:
    talks = list(itertools.islice(chores.report(RASPBERRY, random.Random(2)), 6))
    assert any(talk.resp.port == 443 for talk in talks)


def test_long_connection_lasts_minutes() -> None:
    talk = list(itertools.islice(chores.stay_connected(PLUG, random.Random(2)), 2))[1]
    assert talk.end_ns - talk.start_ns > 300e9


def test_visitors_come_from_outside() -> None:
    talks = list(itertools.islice(chores.be_visited(NAS, random.Random(2)), 20))
    assert all(talk.resp.ip == NAS.ip for talk in talks)
    assert all(talk.orig.ip[:2] != NAS.ip[:2] for talk in talks)
    assert any(len(talk.steps) <= 2 for talk in talks)  # knocks nobody answers
