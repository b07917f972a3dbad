"""Quiet attacks, told by their rhythm, their names and their bytes."""

import itertools
import statistics

from appliance.demo.conversation import UDP
from appliance.simulate import intrusions
from appliance.simulate.intrusions import Channel
from appliance.simulate.office import outside, server
from tests.support.simulation import office, read, starts_s, worker

SERVER = server("c2.example", "45.153.240.77", 60)
RAW = Channel(SERVER, 4_444, "raw")


def gaps(times: list[float]) -> list[float]:
    return [later - before for before, later in itertools.pairwise(times)]


def test_beacons_keep_their_period() -> None:
    talks = list(intrusions.beacon(worker(), RAW, period_s=60, jitter=0.1, length_s=3_600))
    waits = gaps(starts_s(talks))
    assert 54 <= min(waits) <= max(waits) <= 66
    assert len(talks) == 60 + (len(talks) > 60)
    assert {talk.resp.port for talk in talks} == {4_444}


def test_uneven_beacons_scatter_around_it() -> None:
    talks = intrusions.beacon_unevenly(worker(), RAW, period_s=60, deviation=0.25, length_s=36_000)
    waits = gaps(starts_s(talks))
    assert 57 < statistics.mean(waits) < 63
    assert 12 < statistics.stdev(waits) < 18


def test_some_beacons_sleep_at_night() -> None:
    me = worker(where=office(20, 16 * 3_600.0))
    talks = intrusions.beacon_by_day(me, RAW, period_s=600, hours=(8, 18), length_s=86_400)
    hours = {int(16 + at_s / 3_600) % 24 for at_s in starts_s(talks)}
    assert hours == set(range(8, 18))


def test_a_channel_speaks_what_it_is_said_to_speak() -> None:
    heads = {
        form: b"".join(step.payload for step in Channel(SERVER, 8_443, form).call(worker()).steps)[
            :3
        ]
        for form in ("http", "tls", "raw")
    }
    assert heads == {"http": b"GET", "tls": b"\x16\x03\x01", "raw": b""}


def test_orders_by_dns_count_up_below_one_domain() -> None:
    talks = list(intrusions.beacon_dns(worker(), domain="c.example", period_s=30, length_s=600))
    names = [talk.steps[0].payload[13:21] for talk in talks]
    assert len(set(names)) == len(names) >= 15
    assert all(b"\x01c\x07example\x00\x00\x10" in talk.steps[0].payload for talk in talks)


def test_a_miner_stays_connected() -> None:
    talks = intrusions.mine(worker(), outside(bytes((51, 15, 65, 182)), 3_333), length_s=7_200)
    for talk in talks:
        assert talk.end_ns - talk.start_ns > 1_000e9


def test_spam_asks_for_exchanges_and_is_mostly_unwelcome() -> None:
    talks = list(intrusions.send_spam(worker(), count=60, gap_s=1))
    mail = [talk for talk in talks if talk.resp.port == 25]
    assert len({talk.resp.ip for talk in mail}) == len(mail) == 60
    assert len(talks) == 180  # two questions each
    assert sum(len(talk.steps) <= 2 for talk in mail) > 20


def test_theft_sends_what_it_should() -> None:
    talks = list(intrusions.steal(worker(), SERVER, bytes_=8_000_000))
    sent = sum(step.length for talk in talks for step in talk.steps if step.forward)
    assert 7_900_000 < sent < 8_300_000


def test_calls_home_fail() -> None:
    talks = intrusions.call_home(worker(), SERVER.at(6_667), period_s=90, length_s=900)
    flows = read(talks).flows
    assert len(flows) >= 9
    assert not flows["resp"]["payload"].any()


def test_remote_control_sends_more_than_it_gets() -> None:
    flows = read(intrusions.remote_control(worker(), SERVER.at(5_888), length_s=60)).flows
    assert (flows["orig"]["payload"] > flows["resp"]["payload"]).all()


def test_invented_names_are_each_asked_once_and_do_not_exist() -> None:
    talks = list(intrusions.invent_names(worker(), count=20, gap_s=2))
    questions = {talk.steps[0].payload[12:] for talk in talks}
    assert len(questions) == 20
    assert all(talk.steps[1].payload[3] & 15 == 3 for talk in talks)


def test_tunnels_carry_much_in_each_packet() -> None:
    talks = list(intrusions.tunnel_dns(worker(), domain="t.example", count=10, gap_s=0.5))
    assert all(talk.proto == UDP and len(talk.steps[0].payload) > 100 for talk in talks)
    (talk,) = intrusions.tunnel_icmp(worker(), outside(bytes((89, 44, 9, 3)), 0), count=20)
    assert len({step.length for step in talk.steps}) > 20
    flows = read([talk]).flows
    assert flows["resp"]["payload"].sum() != flows["orig"]["payload"].sum() > 0


def test_spreading_visits_each_once() -> None:
    victims = office().find()[5:9]
    talks = list(intrusions.spread(worker(), victims, port=5_985))
    assert [talk.resp.ip for talk in talks] == [victim.ip for victim in victims]
