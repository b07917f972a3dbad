"""Every attack: it plays, our own table reads it, and the same dice give the same packets."""

from itertools import islice

import pytest

from appliance.demo.conversation import ARP, Conversation
from appliance.model.alert import KINDS
from appliance.simulate.scripts import SCRIPTS, Script, Stage
from tests.support.simulation import is_ordered, office, read, worker


def stage() -> Stage:
    where = office()
    me = worker(21, where)
    return Stage(me, [device for device in where.find() if device is not me.device], 7_200.0)


def act(script: Script, count: int = 6) -> list[Conversation]:
    return list(islice(script.play(stage()), count))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_attack_is_read_without_rejects(name: str) -> None:
    talks = [talk for talk in act(SCRIPTS[name]) if talk.proto != ARP]
    short = [talk._replace(steps=talk.steps[:40]) for talk in talks]
    said = read(short) if short else None
    if name == "arp_spoof":
        assert said is None  # has no flows
    else:
        assert said is not None
        assert said.rejected == {}
        assert len(said.flows) >= 1


@pytest.mark.parametrize("name", SCRIPTS)
def test_attacks_are_ordered_and_repeatable(name: str) -> None:
    script = SCRIPTS[name]
    assert script.kind in KINDS
    talks = act(script)
    assert is_ordered(talks)
    assert act(script) == talks


@pytest.mark.parametrize("name", [name for name, one in SCRIPTS.items() if one.length_s])
def test_attacks_take_about_as_long_as_they_say(name: str) -> None:
    """Otherwise they would be cut by the end of the play."""
    *_, last = SCRIPTS[name].play(stage())
    assert 0.4 < last.end_ns / 1e9 / SCRIPTS[name].length_s < 1.5
