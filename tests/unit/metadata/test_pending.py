from appliance.metadata import pending
from appliance.metadata.dns import Message, Record
from appliance.metadata.http import Request
from appliance.metadata.pending import PendingFlows, fill_dns, fill_hello, fill_http
from appliance.metadata.tls import parse_client_hello
from appliance.model.meta import FlowMeta
from tests.support.hellos import CHROME_JA4, build_hello, chrome_extensions


def answer(name: str, kind: str, *values: str, rcode: str = "NOERROR") -> Message:
    records = tuple(Record(name, 1, 60, value, 0, 0) for value in values)
    return Message(True, 0, rcode, name, kind, records)


def test_the_first_question_and_its_answer() -> None:
    meta = FlowMeta()
    fill_dns(meta, Message(False, 0, "", "a.example", "A", ()))
    fill_dns(meta, Message(False, 0, "", "a.example", "AAAA", ()))
    fill_dns(meta, answer("a.example", "AAAA", "2001:db8::1"))
    assert (meta.dns_query, meta.dns_type, meta.dns_rcode) == ("a.example", "A", "")
    fill_dns(meta, answer("a.example", "A", "192.0.2.1", "192.0.2.2"))
    fill_dns(meta, answer("a.example", "A", rcode="NXDOMAIN"))
    assert (meta.dns_rcode, meta.dns_answers) == ("NOERROR", ("192.0.2.1", "192.0.2.2"))


def test_an_answer_alone() -> None:
    meta = FlowMeta()
    fill_dns(meta, answer("", ""))
    assert meta == FlowMeta()
    fill_dns(meta, answer("a.example", "A", *(["192.0.2.1"] * 60)))
    assert meta.dns_query == "a.example"
    assert len(meta.dns_answers) == 16


def test_hello() -> None:
    whole = parse_client_hello(build_hello(chrome_extensions()))
    assert whole is not None
    meta = FlowMeta()
    fill_hello(meta, whole._replace(complete=False), "t")
    assert (meta.sni, meta.ja4, meta.tls_version) == ("www.example.com", "", "TLSv1.3")
    fill_hello(meta, whole, "t")
    assert (meta.name, meta.alpn, meta.ja4) == ("www.example.com", "h2", f"t{CHROME_JA4}")
    fill_hello(meta, whole._replace(server_name="second.example"), "t")
    assert meta.sni == "www.example.com"


def test_an_address_is_no_name() -> None:
    hello = parse_client_hello(build_hello(chrome_extensions(b"192.0.2.1")))
    assert hello is not None
    meta = FlowMeta()
    fill_hello(meta, hello, "t")
    assert (meta.sni, meta.name) == ("192.0.2.1", "")
    fill_http(meta, Request("GET", "/", "192.0.2.1:80", ""))
    assert (meta.http_host, meta.name) == ("192.0.2.1:80", "")


def test_the_first_request_counts() -> None:
    meta = FlowMeta()
    fill_http(meta, Request("GET", "/a", "host.example:8080", "curl"))
    fill_http(meta, Request("POST", "/b", "other.example", ""))
    assert (meta.http_method, meta.http_path, meta.http_host) == ("GET", "/a", "host.example:8080")
    assert (meta.name, meta.user_agent) == ("host.example", "curl")


def test_flood_of_flows_plateaus_and_the_newest_stay() -> None:
    flows = PendingFlows()
    for flow_id in range(pending.FLOWS + 10):
        flows.of(flow_id, "dns")
    assert len(flows) == pending.FLOWS
    assert flows.evicted == 10
    assert flows.get(9) is None
    assert flows.of(pending.FLOWS, "tls").service == "dns"  # the first service stays
    assert flows.pop(pending.FLOWS) is not None
    assert flows.pop(pending.FLOWS) is None
