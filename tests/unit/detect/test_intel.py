import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.config.schema import Intel
from appliance.detect.intel import IntelWatch
from appliance.detect.weights import Weights
from appliance.model.address import parse_address
from appliance.model.contact import CONTACT_ANSWERED, CONTACT_DTYPE, MARK_CLOUD, MARK_VENDOR
from appliance.model.flow import Direction, FlowBatch
from appliance.model.meta import FlowMeta
from tests.support.dns import ask
from tests.support.fans import T0, Addresses
from tests.support.pairflows import make_flow

LIST = "198.51.100.7\n203.0.113.0/24\n0.0.0.0 bad.example\n"


class Lists:
    """A folder with lists, and a watch over them."""

    def __init__(self, folder: Path, bad: str = LIST, allow: str = "") -> None:
        self.bad, self.allowed = folder / "bad.txt", folder / "good.txt"
        self.bad.write_text(bad)
        self.allowed.write_text(allow)
        self.addresses = Addresses()
        config = Intel(lists=(str(self.bad),), allow=(str(self.allowed),))
        resolver = parse_address("10.0.0.53")
        self.watch = IntelWatch(
            Weights(), config, self.addresses.resolve, lambda hi, lo: (hi, lo) == resolver
        )


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(tmp_path)


def contact(
    resp: str, orig: str = "10.0.0.5", direction: int = Direction.OUTBOUND, bits: int = 1
) -> NDArray[np.void]:
    row = np.zeros(1, CONTACT_DTYPE)
    row["orig_hi"], row["orig_lo"] = parse_address(orig)
    row["resp_hi"], row["resp_lo"] = parse_address(resp)
    row["port"], row["proto"], row["direction"], row["bits"] = 443, 6, direction, bits
    row["first_s"] = row["last_s"] = T0
    return row


def test_a_listed_address(lists: Lists) -> None:
    rows = np.concatenate([contact("198.51.100.8"), contact("198.51.100.7")])
    (signal,) = lists.watch.observe(rows)
    assert (signal.kind, signal.host.ip, signal.peer and signal.peer.ip) == (
        "threat_intel", "10.0.0.5", "198.51.100.7",
    )  # fmt: skip
    assert signal.weight == pytest.approx(3.2)
    assert signal.sentence == "contacted 198.51.100.7 (tcp/443), which bad.txt knows as bad"
    assert signal.per_peer


@pytest.mark.parametrize(
    ("row", "weight"),
    [
        (contact("203.0.113.9"), 2.6),
        (contact("198.51.100.7", bits=0), 2.8),
        (contact("10.0.0.5", "198.51.100.7", Direction.INBOUND), 1.4),
        (contact("10.0.0.5", "198.51.100.7", Direction.INBOUND, 0), 1.0),
    ],
)
def test_weights(lists: Lists, row: NDArray[np.void], weight: float) -> None:
    (signal,) = lists.watch.observe(row)
    assert signal.weight == pytest.approx(weight)
    assert signal.host.ip == "10.0.0.5"
    assert CONTACT_ANSWERED == 1


@pytest.mark.parametrize(("mark", "weight"), [(MARK_VENDOR, 1.0), (MARK_CLOUD, 2.5)])
def test_shared_addresses_count_little(lists: Lists, mark: int, weight: float) -> None:
    lists.addresses.resolve(*parse_address("198.51.100.7")).marks = mark
    (signal,) = lists.watch.observe(contact("198.51.100.7"))
    assert signal.weight == pytest.approx(weight)


def test_allowed_addresses_and_names(tmp_path: Path) -> None:
    lists = Lists(tmp_path, allow="203.0.113.9\nfine.bad.example\n")
    assert lists.watch.observe(contact("203.0.113.9")) == []
    assert lists.watch.observe(contact("203.0.113.10"))
    assert lists.watch.observe_names([ask("x.fine.bad.example")]) == []
    assert lists.watch.observe_names([ask("x.bad.example")])


def test_names_asked_for(lists: Lists) -> None:
    seen = [ask("www.bad.example", 0.1 * index) for index in range(20)]
    (signal,) = lists.watch.observe_names([ask("www.good.example"), *seen])
    assert (signal.weight, signal.peer_name) == (3.0, "www.bad.example")
    assert lists.watch.observe_names([ask("bad.example", 700.0)])
    (signal,) = lists.watch.observe_names([ask("bad.example", client="10.0.0.53")])
    assert signal.weight == pytest.approx(1.5)  # a resolver asks for others


def test_names_spoken_to_count_fully_wherever_they_are(lists: Lists) -> None:
    batch = FlowBatch(np.concatenate([make_flow((9, 1), (9, 1))] * 3), ())
    batch.meta = [None, FlowMeta(sni="cdn.bad.example"), FlowMeta(http_host="bad.example:8080")]
    peer = lists.addresses.resolve(*parse_address("192.0.2.80"))
    peer.marks = MARK_VENDOR
    batch.orig = [lists.addresses.resolve(*parse_address("10.0.0.5"))] * 3
    batch.resp = [peer] * 3
    (signal,) = lists.watch.observe_flows(batch)
    assert signal.weight == pytest.approx(3.6)
    assert "spoke to cdn.bad.example (192.0.2.80)" in signal.sentence


def test_a_changed_list_is_read_again(lists: Lists) -> None:
    assert not lists.watch.refresh(0.0)
    lists.bad.write_text("198.51.100.8\n")
    os.utime(lists.bad, ns=(1, 1))
    assert not lists.watch.refresh(5.0)
    assert any(lists.watch.refresh(10.0 + step) for step in range(8))
    assert lists.watch.observe(contact("198.51.100.7")) == []
    assert lists.watch.observe(contact("198.51.100.8"))
    assert lists.watch.statistics().reloads == 1


def test_a_list_that_goes_and_comes_back(lists: Lists) -> None:
    lists.bad.unlink()
    for step in range(8):
        lists.watch.refresh(20.0 + step)
    assert lists.watch.statistics().unreadable == 1
    lists.bad.write_text(LIST)
    for step in range(8):
        lists.watch.refresh(40.0 + step)
    assert lists.watch.observe(contact("198.51.100.7"))


def test_without_lists_nothing_is_asked() -> None:
    watch = IntelWatch(Weights(), Intel(), Addresses().resolve, lambda *_: False)
    assert watch.observe(contact("198.51.100.7")) == []
    assert watch.observe_names([ask("bad.example")]) == []
    assert watch.statistics().ranges == 0
