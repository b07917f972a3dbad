import pytest

from appliance.detect.dnstunnel import CARRIERS, NameTunnels
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.observation import DnsSeen
from tests.support.dns import ask, hex_names
from tests.support.fans import Addresses


def observe(*items: DnsSeen) -> list[Signal]:
    tunnels = NameTunnels(Weights().dns_tunnel, Addresses().resolve)
    return [signal for seen in items if (signal := tunnels.observe(seen)) is not None]


def test_a_tunnel() -> None:
    names = hex_names(150)
    signals = observe(*(ask(name, i * 0.4, kind="TXT") for i, name in enumerate(names)))
    first, last = signals[0], signals[-1]
    assert (first.kind, first.host.ip, first.peer_name) == (
        "dns_tunnel", "10.0.0.5", "bad.example",
    )  # fmt: skip
    assert first.count == 30
    assert last.weight > 3.6
    assert "different names below bad.example in" in last.sentence
    assert len(signals) < 12


def test_slowly() -> None:
    assert observe(*(ask(name, i * 30.0) for i, name in enumerate(hex_names(120))))
    assert not observe(*(ask(name, i * 600.0) for i, name in enumerate(hex_names(120))))
    assert observe(*(ask(name, i * 120.0) for i, name in enumerate(hex_names(500))))


def test_polling_with_shorter_names_needs_more() -> None:
    assert not observe(*(ask(n, i * 1.0) for i, n in enumerate(hex_names(90, 18))))
    assert observe(*(ask(n, i * 1.0) for i, n in enumerate(hex_names(120, 18))))


def test_names_without_a_domain() -> None:
    (signal, *_) = observe(*(ask(n, i) for i, n in enumerate(hex_names(40, 60, "aa00ff"))))
    assert signal.peer_name == "(no domain)"


@pytest.mark.parametrize(
    "names",
    [
        hex_names(100, 60, "avts.mcafee.com"),
        hex_names(100, 40, "ebl.sophosxl.net"),
        hex_names(100, 30, "cloudfront.net"),
        hex_names(100, 12, "example.com"),
        [f"r{i}---sn-4g5ednsd.googlevideo.com" for i in range(100)],
        [f"{i}.2.0.192.zen.spamhaus.org" for i in range(100)],
        [f"{i}.2.0.192.in-addr.arpa" for i in range(100)],
        hex_names(3, 60, "telemetry.example.net") * 100,
    ],
)
def test_long_names_that_are_no_tunnel(names: list[str]) -> None:
    assert observe(*(ask(name, i) for i, name in enumerate(names))) == []


def test_a_question_and_its_answer_count_once() -> None:
    names = hex_names(20)
    pairs = [ask(n, i, rcode) for i, n in enumerate(names) for rcode in ("", "NOERROR")]
    assert observe(*pairs) == []


def test_a_flood_of_domains_plateaus_and_a_tunnel_is_still_seen() -> None:
    tunnels = NameTunnels(Weights().dns_tunnel, Addresses().resolve)
    found = []
    for index, name in enumerate(hex_names(40)):
        found.append(tunnels.observe(ask(name, index)))
        for other in range(40):
            tunnels.observe(ask(f"{'a' * 30}.x{chr(97 + index % 26)}{other}{index}.com", index))
    assert len(tunnels) == CARRIERS
    assert tunnels.evicted > 0
    assert any(found)
