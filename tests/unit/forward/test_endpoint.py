"""The address is checked when it is read; the connection is kept, and replaced when it is gone."""

import http.client
from typing import Any

import pytest

from appliance.errors import ConfigError
from appliance.forward.endpoint import Endpoint


@pytest.mark.parametrize(
    "url",
    ["", "host:8000/ingest", "ftp://host/x", "http://", "http:///x", "http://host:99999/",
     "http://host:0/", "http://host:x/", "http://[::1/", "http://host/a b", "http://host/\r\nX: y",
     "http://h\u00f6st/", "http://user:secret@host/"],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_key(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^forward\.endpoint_url: ") as refused:
        Endpoint(url, 1.0)
    assert "secret" not in str(refused.value)


def test_requests_share_a_connection(back_end: Any) -> None:
    endpoint = Endpoint(back_end.url + "?a=b", 5.0)
    assert [endpoint.post(b"{}") for _ in range(5)] == [200] * 5
    endpoint.close()
    assert len(set(back_end.peers)) == 1
    path, headers = back_end.headers[0]
    assert path == "/ingest?a=b"
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == "2"


def test_a_kept_connection_that_is_gone_is_replaced_once(back_end: Any) -> None:
    back_end.script = ["leave", 200, "close", "close"]
    endpoint = Endpoint(back_end.url, 5.0)
    assert endpoint.post(b"1") == 200
    assert endpoint.post(b"2") == 200
    with pytest.raises(ConnectionError):
        endpoint.post(b"3")  # kept: closed; new: closed again
    assert endpoint.post(b"4") == 200
    endpoint.close()
    assert back_end.bodies == [b"1", b"2", b"3", b"3", b"4"]


def test_a_new_connection_is_not_replaced(back_end: Any) -> None:
    back_end.script = ["close"]
    endpoint = Endpoint(back_end.url, 5.0)
    with pytest.raises(ConnectionError):
        endpoint.post(b"1")
    assert back_end.bodies == [b"1"]


def test_an_answer_that_is_too_long_costs_the_connection(back_end: Any) -> None:
    back_end.script = ["huge", 200]
    endpoint = Endpoint(back_end.url, 5.0)
    assert [endpoint.post(b"{}"), endpoint.post(b"{}")] == [200, 200]
    endpoint.close()
    assert len(set(back_end.peers)) == 2


def test_an_answer_that_does_not_come_is_an_error_in_time(back_end: Any) -> None:
    back_end.script = ["hang"]
    endpoint = Endpoint(back_end.url, 0.02)
    with pytest.raises(TimeoutError):
        endpoint.post(b"{}")
    assert endpoint.post(b"{}") == 200
    endpoint.close()


def test_what_is_no_http_is_an_error(back_end: Any) -> None:
    back_end.script = ["junk"]
    endpoint = Endpoint(back_end.url, 5.0)
    with pytest.raises(http.client.HTTPException):
        endpoint.post(b"{}")


def test_https_checks_the_certificate(back_end: Any) -> None:
    endpoint = Endpoint(back_end.url.replace("http:", "https:"), 5.0)
    with pytest.raises(OSError, match="SSL"):
        endpoint.post(b"{}")
