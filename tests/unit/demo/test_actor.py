"""Actors keep time and say who they are."""

import random

import pytest

from appliance.demo.actor import WAVE_S, Actor, activity
from appliance.demo.conversation import ARP, ICMPV6, TCP, UDP
from appliance.demo.devices import LAPTOP, NAS, PLUG, ROUTER
from appliance.demo.services import GIT, MIRROR, RESOLVERS, WEB


@pytest.fixture
def laptop() -> Actor:
    return Actor(LAPTOP, random.Random(3), 10)


def test_the_wave_has_a_night_and_a_day() -> None:
    values = [activity(second * 1_000_000_000) for second in range(WAVE_S)]
    assert 0.25 <= min(values) < 0.3
    assert 0.95 < max(values) <= 1


def test_time_moves_on(laptop: Actor) -> None:
    assert laptop.now_ns == 10_000_000_000
    laptop.rest(5)
    assert 10_400_000_000 < laptop.now_ns < 31_000_000_000


def test_resolving_asks_for_both_families_and_waits_for_the_answer(laptop: Actor) -> None:
    talks = laptop.resolve(MIRROR)
    assert [talk.resp for talk in talks] == [ROUTER.at(53)] * 2
    assert MIRROR.ip in talks[0].steps[1].payload
    assert MIRROR.ip6 in talks[1].steps[1].payload
    assert laptop.now_ns > talks[1].end_ns
    assert len(Actor(PLUG, random.Random(1)).resolve(MIRROR, RESOLVERS[0])) == 1


def test_tls_names_the_service(laptop: Actor) -> None:
    talk = laptop.tls(WEB[0], 900, 50_000)
    assert (talk.proto, talk.resp.port, talk.orig.mac) == (TCP, 443, LAPTOP.mac)
    assert WEB[0].name.encode() in b"".join(step.payload for step in talk.steps)
    assert len(talk.orig.ip) == len(talk.resp.ip)


def test_both_families_are_used() -> None:
    actor = Actor(LAPTOP, random.Random(5))
    families = {len(actor.tls(WEB[0], 1, 1).orig.ip) for _ in range(30)}
    assert families == {4, 16}
    assert {len(actor.tls(GIT, 1, 1).orig.ip) for _ in range(30)} == {4}


def test_the_rest_of_the_repertoire(laptop: Actor) -> None:
    assert laptop.quic(WEB[0], 1, 1).proto == UDP
    assert b"Host: deb.debian.org" in laptop.http(MIRROR, "/x", 10).steps[3].payload
    assert laptop.ping(RESOLVERS[0].at(0, ipv6=True), 1_000).proto == ICMPV6
    assert laptop.smb(1, 1).resp == NAS.at(445)
    assert laptop.misspell("nosuch.example").steps[1].payload[3] & 15 == 3
    arp = laptop.who_has(NAS)
    assert (arp.proto, arp.resp.mac) == (ARP, NAS.mac)
