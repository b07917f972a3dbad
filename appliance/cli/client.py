"""Ask the running appliance over its API."""

import http.client
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec

from appliance.config.schema import Api
from appliance.errors import ApplianceError

_TIMEOUT_S = 10.0  # the longest query the API allows itself is shorter
_FINE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
_NOTHING = object()
_MAX_BODY_BYTES = 64 << 20  # a thousand rows are one MiB


def fetch(api: Api, path: str, query: Mapping[str, str]) -> Any:
    """Return the decoded JSON answer; None if nobody listens there.

    Raises ApplianceError for a status other than 200, no answer in time, or one that is not JSON.
    """
    return _ask(api, "GET", f"{path}?{urlencode(query)}" if query else path, None)


def send(api: Api, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Have something changed; return the decoded answer, None if there is none to give.

    Raises ApplianceError if nobody listens there, and as `fetch`.
    """
    answer = _ask(api, method, path, msgspec.json.encode(body or {}))
    if answer is None:
        raise ApplianceError(f"not running: nobody listens on {api.host}:{api.port}")
    return None if answer is _NOTHING else answer


def try_send(api: Api, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Have something done; return the decoded answer, None if nobody listens there.

    Raises ApplianceError as `fetch`.
    """
    return _ask(api, method, path, msgspec.json.encode(body or {}))


def _ask(api: Api, method: str, target: str, content: bytes | None) -> Any:
    """Return the answer; None if nobody listens, _NOTHING for an empty one."""
    path = target.partition("?")[0]
    place = f"http://{api.host}:{api.port}{path}"
    connection = http.client.HTTPConnection(api.host, api.port, timeout=_TIMEOUT_S)
    try:
        headers = {} if content is None else {"Content-Type": "application/json"}
        connection.request(method, target, content, headers)
        response = connection.getresponse()
        body = response.read(_MAX_BODY_BYTES + 1)
    except ConnectionRefusedError:
        return None
    except (OSError, http.client.HTTPException) as error:
        raise ApplianceError(f"{place} does not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if len(body) > _MAX_BODY_BYTES:
        raise ApplianceError(f"{place} sent more than {_MAX_BODY_BYTES >> 20} MiB")
    if response.status == HTTPStatus.NO_CONTENT:
        return _NOTHING
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ApplianceError(f"{place} is not the appliance: HTTP {response.status}") from error
    if response.status not in _FINE:
        raise ApplianceError(f"{place}: {_explain(answer, response.status)}")
    return answer


def _explain(answer: Any, status: int) -> str:
    """Return the sentence of a problem document (RFC 9457)."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    return str(detail) if detail else f"HTTP {status}"
