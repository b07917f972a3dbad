"""Decisions about alerts, carried out."""

import pytest

from appliance.cases import mutes
from appliance.model.alert import AlertState, Mute
from appliance.model.views import Decision
from appliance.pipeline import muting as module
from tests.support.flowbatches import T0_S
from tests.support.watching import SCANNER, Post, scan

SAID = Decision(by="mira", comment="printer test", verdict="false")


def test_a_decision_is_told_and_kept(post: Post) -> None:
    muting = post.open().muting
    alert = post.raise_alert()
    taken = muting.decide(alert.id, AlertState.ACKNOWLEDGED, SAID, T0_S + 60)
    assert taken is not None
    assert (taken.state, taken.acknowledged_by) == ("acknowledged", "mira")
    closed = muting.decide(alert.id, AlertState.CLOSED, SAID, T0_S + 61)
    assert closed is not None
    assert (closed.state, closed.comment) == ("closed", "false printer test")
    opened = muting.decide(alert.id, AlertState.OPEN, Decision(by="jo"), T0_S + 62)
    assert opened is not None
    assert opened.state == "open"
    assert taken.state == "acknowledged", "a copy"
    post.writer.flush()
    assert [kept.state for kept in post.writer.load_open().alerts] == ["open"]


def test_what_cannot_be_decided(post: Post) -> None:
    muting = post.open().muting
    assert muting.decide("AWRONG", AlertState.CLOSED, SAID, T0_S) is None
    with pytest.raises(ValueError, match="muted by itself"):
        muting.decide("AWRONG", AlertState.MUTED, SAID, T0_S)


def test_a_mute_holds_back_what_it_covers_and_is_counted(post: Post) -> None:
    muting = post.open().muting
    mute = muting.add(Mute(host=SCANNER, kind="port_scan", reason="audit"), T0_S)
    assert (mute.id, mute.created) == (1, T0_S)
    post.take(scan())
    assert not [change for change in post.said if change.what == "raised"]
    muting.save_used()
    post.writer.flush()
    (kept,) = post.writer.load_open().mutes
    assert kept.used > 0
    assert muting.remove(mute.id)
    assert not muting.remove(mute.id)
    post.writer.flush()
    assert post.writer.load_open().mutes == []
    assert muting.add(Mute(kind="dga"), T0_S).id == 2, "a number is never given twice"


def test_an_alert_that_is_open_is_muted_at_once(post: Post) -> None:
    muting = post.open().muting
    alert = post.raise_alert()
    muting.add(Mute(host=SCANNER), T0_S)
    assert (post.said[-1].what, post.said[-1].alert.id) == ("muted", alert.id)


def test_mutes_are_bounded(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MUTES", 1)
    muting = post.open().muting
    muting.add(Mute(kind="dga"), T0_S)
    with pytest.raises(ValueError, match="remove some"):
        muting.add(Mute(kind="beacon"), T0_S)
    assert mutes.MAX_MUTES > 1
