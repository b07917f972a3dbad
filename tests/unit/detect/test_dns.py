from appliance.detect.dns import SERVERS, DnsWatch
from appliance.detect.weights import Weights
from appliance.model.address import parse_address
from appliance.model.observation import ArpSeen
from tests.support.dns import ask, drawn_names, fail, hex_names
from tests.support.fans import Addresses


def make_watch() -> DnsWatch:
    return DnsWatch(Weights(), Addresses().resolve)


def test_tunnels_and_failures_are_told_apart() -> None:
    watch = make_watch()
    items = [fail(name, i) for i, name in enumerate(drawn_names(30))]
    items += [ask(name, 60 + i) for i, name in enumerate(hex_names(40))]
    assert {signal.kind for signal in watch.observe(items)} == {"dga", "dns_tunnel"}
    assert watch.statistics().seen == 70


def test_a_resolver_is_not_accused_of_what_its_clients_ask() -> None:
    watch = make_watch()
    watch.observe([ask("www.example.com", rcode="NOERROR")])  # 10.0.0.1 answers
    assert watch.is_resolver(*parse_address("10.0.0.1"))
    items = [fail(name, i, "10.0.0.1") for i, name in enumerate(drawn_names(30))]
    assert watch.observe(items) == []


def test_a_question_alone_makes_nobody_a_resolver() -> None:
    watch = make_watch()
    watch.observe([ask("www.example.com")])
    assert not watch.is_resolver(*parse_address("10.0.0.1"))


def test_other_observations_are_left_alone() -> None:
    assert make_watch().observe([ArpSeen(0, 1, 2, 3, False)]) == []


def test_servers_are_bounded() -> None:
    watch = make_watch()
    row = ask("www.example.com", rcode="NOERROR")
    watch.observe(row._replace(server_lo=number) for number in range(SERVERS + 5))
    assert watch.statistics().servers == SERVERS
    assert watch.statistics().evicted == 5
