"""Where decisions come in."""

import threading

import msgspec
import pytest

from appliance.model.alert import AlertState, Mute
from appliance.model.views import Decision
from appliance.pipeline.desk import CaseDesk
from appliance.runtime.mailbox import MailboxFull
from tests.support.flowbatches import T0_S
from tests.support.signals import address
from tests.support.watching import SCANNER, VICTIM, Post


@pytest.fixture
def desk(post: Post) -> CaseDesk:
    post.open()
    return CaseDesk(post.mailbox, lambda: post.watch, lambda: T0_S + 100)


def test_what_is_asked_for_is_done_by_the_thread_that_judges(post: Post, desk: CaseDesk) -> None:
    alert = post.raise_alert()
    job = desk.decide(alert.id, AlertState.CLOSED, Decision(by="mira", verdict="real"))
    assert not job.done()
    closed = post.do(job)
    assert (closed.state, closed.comment) == ("closed", "real")
    added = post.do(desk.add_mute(Mute(kind="dga", reason="x")))
    assert (added.id, added.created) == (1, T0_S + 100)
    assert post.do(desk.remove_mute(added.id)) is True
    assert post.do(desk.remove_mute(7)) is False


def test_proposals_and_previews_wait_for_nobody(post: Post, desk: CaseDesk) -> None:
    alert = post.raise_alert()
    narrow, *_ = desk.propose(alert, "mira")
    assert (narrow.kind, narrow.created_by) == ("port_scan", "mira")
    assert SCANNER in {narrow.host, alert.host}
    found = desk.preview(narrow, [alert])
    assert (found.matched, found.alerts) == (1, (alert.id,))
    assert desk.preview(Mute(kind="dga"), [alert]).matched == 0


def test_an_owner_is_known_of_peers_that_were_told(post: Post, desk: CaseDesk) -> None:
    alert = post.raise_alert()
    peer = post.enricher.address(address("203.0.113.7").hi, address("203.0.113.7").lo)
    peer.asn = 64_500
    alert = msgspec.structs.replace(alert, kind="beacon", peer="203.0.113.7", port=443)
    assert not any(mute.asn for mute in desk.propose(alert, ""))
    change = msgspec.structs.replace(post.said[-1], alert=alert)
    desk.note(
        [change, msgspec.structs.replace(change, alert=msgspec.structs.replace(alert, peer="?"))]
    )
    assert [mute.asn for mute in desk.propose(alert, "") if mute.asn] == [64_500]
    assert desk.preview(Mute(asn=64_500), [alert]).matched == 1


def test_owners_of_long_ago_are_asked_for(post: Post, desk: CaseDesk) -> None:
    alert = post.raise_alert()
    assert alert.peer == VICTIM
    post.enricher.address(address(VICTIM).hi, address(VICTIM).lo).asn = 64_501
    ready = threading.Event()

    def serve() -> None:
        while not ready.is_set():
            post.mailbox.serve()

    thread = threading.Thread(target=serve)
    thread.start()
    found = desk.preview(Mute(asn=64_501), [alert])
    ready.set()
    thread.join()
    assert found.matched == 1


def test_nobody_serves_any_more(post: Post, desk: CaseDesk) -> None:
    alert = post.raise_alert()
    post.mailbox.close()
    with pytest.raises(MailboxFull):
        desk.remove_mute(1)
    assert desk.preview(Mute(asn=64_501), [alert]).matched == 0
