"""Every route through the whole application; every error as a problem; the OpenAPI document."""

import asyncio
import json
from typing import Any

import httpx
import msgspec
import pytest

from appliance.api.app import create_app
from appliance.errors import StoreError
from appliance.model.views import FlowFilter
from tests.support.asking import BASE, ask, get, problem

ROUTES = [
    "/health",
    "/metrics",
    "/api/v1/health",
    "/api/v1/stats",
    "/api/v1/attribution",
    "/api/v1/config",
    "/api/v1/flows",
    "/api/v1/flows/{id}",
    "/api/v1/hosts",
    "/api/v1/hosts/{ip}",
    "/api/v1/traffic",
    "/api/v1/top-ips",
    "/api/v1/countries",
    "/api/v1/alerts",
    "/api/v1/alerts/counts",
    "/api/v1/alerts/{id}",
    "/api/v1/alerts/{id}/acknowledge",
    "/api/v1/alerts/{id}/close",
    "/api/v1/alerts/{id}/reopen",
    "/api/v1/alerts/{id}/mute",
    "/api/v1/mutes",
    "/api/v1/mutes/preview",
    "/api/v1/mutes/{id}",
    "/api/v1/incidents",
    "/api/v1/incidents/{id}",
    "/api/v1/hosts/{ip}/windows",
    "/api/v1/models",
    "/api/v1/models/train",
    "/api/v1/models/rollback",
    "/run-analysis",
    "/api/train_model",
]
METHODS = ("get", "post", "delete")


def test_flows_pass_the_filter_and_page(world: Any) -> None:
    query = "address=10.0.0.0/8&port=443&proto=TCP&country=de&asn=64496&name=exa&state=SF"
    body = get(
        world, f"/api/v1/flows?{query}&direction=outbound&since=5&until=9.5&cursor=c&limit=2"
    )
    assert (body["count"], body["next"]) == (2, "more")
    assert [row["id"] for row in body["data"]] == [100, 99]
    assert world.reader.asked == [
        (
            "flows",
            FlowFilter(
                address="10.0.0.0/8", port=443, proto="tcp", country="DE", asn=64496, name="exa",
                state="SF", direction="outbound", since=5, until=9.5, cursor="c", limit=2,
            ),
        )
    ]  # fmt: skip


def test_a_flow_by_id(world: Any) -> None:
    assert get(world, "/api/v1/flows/42")["flow_id"] == "42"


def test_hosts_and_one_host_with_history(world: Any) -> None:
    assert get(world, "/api/v1/hosts?limit=3&search=nas&minutes=10")["count"] == 1
    now = 1_763_650_000.0
    assert world.reader.asked[-1] == ("hosts", now - 600, now, 3, "", "nas")
    body = get(world, "/api/v1/hosts/192.168.1.20")
    assert body["host"]["name"] == "nas-2"
    assert len(body["history"]) == 1
    assert world.reader.asked[-1] == ("host_history", "192.168.1.20", now - 86_400, now)


def test_traffic_gives_the_newest_points(world: Any) -> None:
    body = get(world, "/api/v1/traffic?since=6000&until=12000&step=600&limit=3")
    assert [point["t"] for point in body["data"]] == [10_200, 10_800, 11_400]
    assert body["count"] == 3


def test_top_countries_attribution_stats_config(world: Any) -> None:
    assert get(world, "/api/v1/top-ips?minutes=5&limit=1&local=false")["data"][0]["org"]
    assert world.reader.asked[-1][-1] is False
    assert get(world, "/api/v1/countries")["data"] == [{"country": "DE", "flows": 1, "bytes": 2}]
    assert get(world, "/api/v1/attribution")["data"][0]["name"] == "DB"
    stats = get(world, "/api/v1/stats")
    assert (stats["uptime_s"], stats["store"]["flows"]) == (60.0, 7)
    assert stats["queries"]["answered"] == 3
    (config,) = ask(world, "/api/v1/config")
    assert config.text == "[api]\nport = 8480\n"


@pytest.mark.parametrize(
    ("state", "word", "status"),
    [
        ("running", "ok", 200),
        ("degraded", "degraded", 200),
        ("starting", "starting", 503),
        ("stopping", "stopping", 503),
    ],
)
def test_health_in_one_word(world: Any, state: str, word: str, status: int) -> None:
    world.health = msgspec.structs.replace(world.health, state=state, reasons=["why"])
    (answer,) = ask(world, "/health")
    assert answer.status_code == status
    assert answer.json()["status"] == word
    assert answer.json()["reasons"] == ["why"]
    assert get(world, "/api/v1/health")["state"] == state


def test_metrics_are_text_with_what_the_daemon_adds(world: Any) -> None:
    (answer,) = ask(world, "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "appliance_flows_active 0\n" in answer.text
    assert answer.text.endswith("extra_metric 1\n")


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/v1/flows?limit=0", "limit"),
        ("/api/v1/flows?limit=1001", "limit"),
        ("/api/v1/flows?limit=x", "limit"),
        ("/api/v1/flows?port=65536", "port"),
        ("/api/v1/flows?address=10.0.0.300", "address"),
        ("/api/v1/flows?src=fe80::1/129", "src"),
        ("/api/v1/flows?country=Germany", "country"),
        ("/api/v1/flows?state=XX", "state"),
        ("/api/v1/flows?direction=up", "direction"),
        ("/api/v1/flows?since=nan", "since"),
        ("/api/v1/flows?since=9&until=5", "since"),
        ("/api/v1/flows?name=" + "a" * 254, "name"),
        ("/api/v1/flows?limit=1&limit=2", "'limit'"),
        ("/api/v1/flows?colour=red", "'colour'"),
        ("/api/v1/flows?name=%ff", "query"),
        ("/api/v1/flows?" + "&".join(f"a{n}=1" for n in range(40)), "query"),
        ("/api/v1/flows/abc", "id"),
        ("/api/v1/flows/-1", "id"),
        ("/api/v1/flows/9999999999999999999", "id"),
        ("/api/v1/hosts/nobody", "ip"),
        ("/api/v1/hosts?minutes=0", "minutes"),
        ("/api/v1/traffic?step=90", "step"),
        ("/api/v1/traffic?minutes=525600&step=60", "step"),
        ("/api/v1/traffic?minutes=5&since=1", "minutes"),
        ("/api/v1/top-ips?limit=101", "limit"),
        ("/api/v1/top-ips?local=maybe", "local"),
        ("/api/v1/countries?until=0", "since"),
    ],
)
def test_a_bad_parameter_is_named(world: Any, path: str, parameter: str) -> None:
    (answer,) = ask(world, path)
    body = problem(answer, 400)
    assert [error["parameter"] for error in body["errors"]] == [parameter]
    assert body["detail"].startswith(f"{parameter}: ")
    assert body["instance"] == path.partition("?")[0]
    assert world.reader.asked == []


@pytest.mark.parametrize(
    ("path", "sentence", "parameter"),
    [
        ("/api/v1/flows?proto=foo", "unknown protocol 'foo'", "proto"),
        ("/api/v1/flows?cursor=zz&proto=tcp", "not a cursor: 'zz'", "cursor"),
        ("/api/v1/hosts?cursor=zz", "not a cursor: 'zz'", "cursor"),
        ("/api/v1/flows", "something else", "query"),
    ],
)
def test_what_the_store_makes_no_sense_of_is_named(
    world: Any, path: str, sentence: str, parameter: str
) -> None:
    world.reader.failure = ValueError(sentence)
    (answer,) = ask(world, path)
    assert problem(answer, 400)["errors"] == [{"parameter": parameter, "detail": sentence}]


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api/v1/nothing", "/schema/nothing", "/schema/x.json", "/api/v1/flows/7777",
     "/api/v1/hosts/198.51.100.9", "/assets/none.js", "/../etc/passwd"],
)  # fmt: skip
def test_what_does_not_exist_is_a_problem(world: Any, path: str) -> None:
    (answer,) = ask(world, path)
    problem(answer, 404)


def test_a_wrong_method_is_a_problem_that_says_what_is_allowed(world: Any) -> None:
    for answer in ask(world, "/api/v1/flows", "/health", method="POST"):
        problem(answer, 405)
        assert "GET" in answer.headers["allow"]


def test_a_store_that_fails_is_503(world: Any) -> None:
    world.reader.failure = StoreError("day file is damaged")
    answers = ask(world, "/api/v1/flows", "/api/v1/stats")
    for answer in answers:
        assert "day file is damaged" in problem(answer, 503)["detail"]
        assert answer.headers["retry-after"] == "5"


def test_a_fault_of_ours_is_500_and_keeps_its_details(
    world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    world.reader.failure = KeyError("secret")
    (answer,) = ask(world, "/api/v1/flows")
    problem(answer, 500)
    assert "secret" not in answer.text
    assert "secret" in caplog.text


def test_too_many_queries_are_refused_at_once(world: Any) -> None:
    async def run() -> tuple[list[httpx.Response], httpx.Response]:
        app = create_app(world.services)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            world.reader.gate.clear()
            waiting = [asyncio.ensure_future(client.get("/api/v1/countries")) for _ in range(8)]
            while world.queries.statistics().waiting < 8:  # noqa: ASYNC110
                await asyncio.sleep(0)
            refused = await client.get("/api/v1/countries")
            world.reader.gate.set()
            return [await answer for answer in waiting], refused

    answered, refused = asyncio.run(run())
    problem(refused, 503)
    assert refused.headers["retry-after"] == "1"
    assert [answer.status_code for answer in answered] == [200] * 8


def test_head_is_get_without_a_body(world: Any) -> None:
    (head,) = ask(world, "/api/v1/flows", method="HEAD")
    (full,) = ask(world, "/api/v1/flows")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(full.content))


def test_openapi_describes_every_route_with_an_example(world: Any) -> None:
    document = get(world, "/schema/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert sorted(document["paths"]) == sorted(ROUTES)
    operations = [
        (f"{method} {path}", item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    for name, operation in operations:
        assert operation["summary"], name
        assert operation["description"], name
        assert set(operation["tags"]) <= {"traffic", "alerts", "learning", "system"}
        for status, response in operation["responses"].items():
            _check_response(f"{name} {status}", status, response)
        for parameter in operation.get("parameters", []):
            assert parameter["schema"], (name, parameter)
            assert parameter["in"] == "path" or parameter["description"], (name, parameter)
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)


def _check_response(name: str, status: str, response: dict[str, Any]) -> None:
    assert response["description"], name
    for kind, content in response.get("content", {}).items():
        assert content["schema"], name
        assert content["examples"], name
        refusal = status in {"400", "404", "415"}
        assert (kind == "application/problem+json") == refusal or status == "503", name
    assert response.get("content") or status == "204", name


def test_openapi_shows_a_body_that_is_accepted(world: Any) -> None:
    document = get(world, "/schema/openapi.json")
    shown = 0
    for path, item in document["paths"].items():
        if "requestBody" not in item.get("post", {}):
            continue
        content = item["post"]["requestBody"]["content"]["application/json"]
        assert content["schema"]["properties"], path
        (example,) = content["examples"].values()
        (answer,) = ask(world, path.replace("{id}", "A000000000003"), method="POST",
                        json=example["value"])  # fmt: skip
        assert answer.status_code in {200, 201}, (path, answer.text)
        shown += 1
    assert shown == 7


def test_openapi_references_resolve_and_its_examples_fit_the_types(world: Any) -> None:
    document = get(world, "/schema")
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert name in schemas
    flow = document["paths"]["/api/v1/flows/{id}"]["get"]["responses"]["200"]["content"]
    (example,) = flow["application/json"]["examples"].values()
    assert set(example["value"]) == set(schemas["FlowRow"]["properties"])


def test_every_documented_parameter_example_is_accepted(world: Any) -> None:
    document = get(world, "/schema")
    paths = [
        f"{path.replace('{ip}', '192.168.1.20')}?{parameter['name']}={parameter['example']}"
        for path, item in document["paths"].items()
        for parameter in item.get("get", {}).get("parameters", [])
        if parameter["in"] == "query"
    ]
    assert len(paths) > 45
    for path, answer in zip(paths, ask(world, *paths), strict=True):
        assert answer.status_code == 200, (path, answer.text)


def test_the_document_also_comes_as_yaml(world: Any) -> None:
    (answer,) = ask(world, "/schema/openapi.yaml")
    assert answer.status_code == 200
    assert "/api/v1/flows:" in answer.text
