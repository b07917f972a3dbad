"""Loud attacks, told by the states of their flows."""

from collections import Counter

import numpy as np

from appliance.demo.conversation import FIN, ICMP, PSH, RST, SYN, TCP, UDP
from appliance.demo.devices import ROUTER
from appliance.simulate import noise
from tests.support.simulation import office, read, worker

VICTIM = office().find()[3]


def test_a_scan_tries_each_port_once() -> None:
    talks = list(noise.scan_ports(worker(), VICTIM.at(0), ports=range(20, 60), gap_s=0.1))
    assert [talk.resp.port for talk in talks] == list(range(20, 60))
    assert all(talk.steps[0].flags == SYN for talk in talks)
    answers = Counter(len(talk.steps) for talk in talks)
    assert answers[3] == 1  # SSH is open
    assert answers[2] > answers[1] > 0  # most refuse, some are silent


def test_flags_are_those_of_the_kind() -> None:
    for kind, flags in (("fin", FIN), ("null", 0), ("xmas", FIN | PSH | 0x20)):
        talk = next(noise.scan_ports(worker(), VICTIM.at(0), ports=[7], gap_s=1, kind=kind))
        assert talk.steps[0].flags == flags
    talk = next(noise.scan_ports(worker(), VICTIM.at(0), ports=[7], gap_s=1, kind="ack"))
    assert talk.steps[1].flags == RST


def test_closed_udp_ports_say_so_now_and_then() -> None:
    talks = list(noise.scan_ports(worker(), VICTIM.at(0), ports=range(9, 49), gap_s=1, kind="udp"))
    said = [talk for talk in talks if talk.proto == ICMP]
    assert 3 < len(said) < 25
    assert said[0].orig.ip == VICTIM.ip
    assert read(talks).rejected == {}


def test_protocols_are_each_a_flow() -> None:
    said = read(noise.scan_protocols(worker(), VICTIM.at(0)))
    assert said.rejected == {}
    assert len(np.unique(said.flows["proto"])) == len(said.flows) >= 15


def test_a_sweep_meets_each_address_once() -> None:
    talks = list(noise.sweep(worker(), ROUTER.ip[:3], port=445, count=60, gap_s=0.1))
    assert len({talk.resp.ip for talk in talks}) == 60
    assert {talk.resp.port for talk in talks} == {445}


def test_worms_look_outside() -> None:
    talks = list(noise.sweep_outside(worker(), ports=(23, 2_323), count=200, gap_s=0.1))
    assert len({talk.resp.ip for talk in talks}) == 200
    assert {talk.resp.port for talk in talks} == {23, 2_323}
    assert not any(talk.resp.ip.startswith((b"\x7f", b"\x0a", b"\xc0\xa8")) for talk in talks)


def test_guesses_are_whole_sessions() -> None:
    flows = read(noise.guess(worker(), VICTIM.at(22), tries=3, gap_s=2)).flows
    assert len(flows) == 3
    assert flows["resp"]["payload"].min() > 1_000


def test_a_flood_is_a_flow_a_packet() -> None:
    talks = list(noise.flood(worker(), VICTIM.at(80), packets=300, rate=400, spoofed=True))
    assert len({talk.orig.ip for talk in talks}) > 290
    assert {talk.orig.mac for talk in talks} == {worker().device.mac}
    plain = list(noise.flood(worker(), VICTIM.at(80), packets=300, rate=400, spoofed=False))
    assert len({talk.orig for talk in plain}) == 300
    assert {talk.proto for talk in plain} == {TCP}


def test_forged_arp_claims_both_sides_and_the_truth_goes_on() -> None:
    me = worker()
    talks = list(noise.forge_arp(me, VICTIM, length_s=60))
    lies = [talk for talk in talks if talk.orig.mac == me.device.mac]
    asked = [talk for talk in talks if talk.orig.mac == VICTIM.mac]
    assert len(lies) > 5 * len(asked) > 0
    senders = {talk.steps[0].payload[14:18] for talk in lies}
    assert senders == {ROUTER.ip, VICTIM.ip}
    assert asked[0].steps[1].payload[8:14] == ROUTER.mac


def test_invented_clients_get_leases_until_there_are_none() -> None:
    talks = list(noise.flood_dhcp(worker(), count=80))
    asks = [talk for talk in talks if talk.orig.ip == bytes(4)]
    assert len({talk.orig.mac for talk in asks}) == len(asks) == 80
    assert len(talks) - len(asks) == 50
    assert {talk.proto for talk in talks} == {UDP}
