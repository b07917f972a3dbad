"""Names of addresses outside."""

from appliance.detect.namebook import NameBook
from appliance.model.flow import FlowBatch
from appliance.model.meta import FlowMeta
from tests.support.flowbatches import address, batch, flow

PEER = address("9.9.9.9")


def told(*metas: FlowMeta | None, peer: str = "9.9.9.9") -> FlowBatch:
    return batch(flow(dst=peer, meta=meta) for meta in metas)


def book(limit: int = 10) -> NameBook:
    return NameBook(lambda _hi, lo: "by dns" if lo == PEER.lo else "", limit)


def test_what_no_flow_has_told_is_asked_for() -> None:
    assert book().name_of(PEER.hi, PEER.lo) == "by dns"
    assert book().name_of(0, 1) == ""


def test_the_client_s_own_word_comes_first_and_the_newest_counts() -> None:
    names = book()
    names.learn(told(None, FlowMeta(name="passive"), FlowMeta()))
    assert names.name_of(PEER.hi, PEER.lo) == "passive"
    names.learn(told(FlowMeta(http_host="host", name="passive")))
    assert names.name_of(PEER.hi, PEER.lo) == "host"
    names.learn(told(FlowMeta(sni="sni", http_host="host", name="passive")))
    assert names.name_of(PEER.hi, PEER.lo) == "sni"


def test_the_longest_unused_gives_way() -> None:
    names = book(limit=2)
    for peer in ("9.9.9.1", "9.9.9.2", "9.9.9.1", "9.9.9.3"):
        names.learn(told(FlowMeta(sni=peer), peer=peer))
    known = [address(f"9.9.9.{last}") for last in (1, 2, 3)]
    assert [names.name_of(one.hi, one.lo) for one in known] == ["9.9.9.1", "", "9.9.9.3"]
