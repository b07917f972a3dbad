import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from appliance.cli.client import fetch, send
from appliance.config.schema import Api
from appliance.errors import ApplianceError


@contextmanager
def server(answer: bytes) -> Iterator[tuple[Api, list[bytes]]]:
    """Answer one request with these bytes and hang up; the request lines are kept."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def serve() -> None:
            connection, _ = listener.accept()
            with closing(connection):
                requests.append(connection.recv(65_536).split(b"\r\n")[0])
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Api(port=listener.getsockname()[1]), requests
        thread.join(5)


def response(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


def test_answer_is_decoded_and_the_query_is_quoted() -> None:
    with server(response("200 OK", b'{"count": 1}')) as (api, requests):
        assert fetch(api, "/x", {"name": "a b&c"}) == {"count": 1}
    assert requests == [b"GET /x?name=a+b%26c HTTP/1.1"]


def test_nobody_listening_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api = Api(port=listener.getsockname()[1])
    assert fetch(api, "/x", {}) is None


def test_problem_document_is_told_by_its_sentence() -> None:
    body = b'{"title": "Bad Request", "status": 400, "detail": "port: not a number"}'
    with (
        server(response("400 Bad Request", body)) as (api, _),
        pytest.raises(ApplianceError, match=r"/x: port: not a number"),
    ):
        fetch(api, "/x", {})


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"{}", b'{"detail": null}'])
def test_refusal_without_a_sentence_gives_the_status(body: bytes) -> None:
    with (
        server(response("500 Oops", body)) as (api, _),
        pytest.raises(ApplianceError, match="HTTP 500"),
    ):
        fetch(api, "/x", {})


WHOLE = response("200 OK", b'{"data": []}')


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_an_answer_cut_anywhere_is_a_clear_refusal(end: int) -> None:
    with server(WHOLE[:end]) as (api, _), pytest.raises(ApplianceError, match="/x"):
        fetch(api, "/x", {})


def test_somebody_else_on_the_port_is_recognised() -> None:
    with (
        server(response("200 OK", b"<html>")) as (api, _),
        pytest.raises(ApplianceError, match="is not the appliance"),
    ):
        fetch(api, "/x", {})


def test_a_change_is_sent_as_json_and_an_empty_answer_is_none() -> None:
    with server(response("201 Created", b'{"id": 3}')) as (api, requests):
        assert send(api, "POST", "/x", {"a": 1}) == {"id": 3}
    assert requests == [b"POST /x HTTP/1.1"]
    with server(b"HTTP/1.1 204 No Content\r\n\r\n") as (api, requests):
        assert send(api, "DELETE", "/x/3") is None
    assert requests == [b"DELETE /x/3 HTTP/1.1"]


def test_a_change_needs_somebody_who_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api = Api(port=listener.getsockname()[1])
    with pytest.raises(ApplianceError, match="not running"):
        send(api, "POST", "/x")
