"""Errors as problem+json (RFC 9457): every answer that is not a success has this shape."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, WebSocketException

from appliance.api.queries import QueriesBusy
from appliance.errors import StoreError
from appliance.runtime.mailbox import MailboxFull

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)


class ParameterProblem(msgspec.Struct, kw_only=True):
    """What is wrong with one parameter."""

    parameter: str
    detail: str


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of an error. `type` is left out: it is about:blank, the status says it all."""

    title: str  # the phrase of the status
    status: int
    detail: str  # one sentence about this case
    instance: str  # the path asked for
    errors: list[ParameterProblem] = []  # 400 only


class BadParameter(HTTPException):
    """A parameter of the request cannot be used."""

    status_code = 400

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail=f"{parameter}: {detail}")
        self.error = ParameterProblem(parameter=parameter, detail=detail)


class NotKnown(HTTPException):
    """What was asked for does not exist."""

    status_code = 404


class NotJson(HTTPException):
    """A body that is not declared as JSON."""

    status_code = 415

    def __init__(self) -> None:
        super().__init__(detail="A body must be application/json.")


class DeskClosed(HTTPException):
    """What would carry this out does not run, or has too much to do."""

    status_code = 503


def blame(error: ValueError, **given: str) -> BadParameter:
    """Say which parameter the store could not make sense of: the one its sentence quotes."""
    names = (name for name, value in given.items() if value and repr(value) in str(error))
    return BadParameter(next(names, "query"), str(error))


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Answer an error that has a status of its own."""
    errors = [error.error] if isinstance(error, BadParameter) else []
    return _respond(request, error.status_code, error.detail, errors, error.headers)


def answer_busy(request: Request[Any, Any, Any], _: QueriesBusy) -> Response[Problem]:
    """Answer when too many queries wait."""
    detail = "Too many queries are waiting. Try again in a second."
    return _respond(request, 503, detail, [], {"Retry-After": "1"})


def answer_desk(request: Request[Any, Any, Any], _: MailboxFull) -> Response[Problem]:
    """Answer when too much waits to be done."""
    detail = "Too much waits to be done. Try again in a second."
    return _respond(request, 503, detail, [], {"Retry-After": "1"})


def answer_store(request: Request[Any, Any, Any], error: StoreError) -> Response[Problem]:
    """Answer when the store cannot be read."""
    detail = f"The store cannot be read: {error}"
    return _respond(request, 503, detail, [], {"Retry-After": "5"})


def answer_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer a fault of ours: the log has the details, the client does not."""
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _respond(request, 500, "This could not be answered. The log says why.", [], None)


async def note_fault(error: Exception, scope: Any) -> None:
    """Log a fault of ours in a WebSocket: nobody else would, the client is told a code only."""
    expected = (HTTPException, WebSocketException)
    if scope["type"] == "websocket" and not isinstance(error, expected):
        _log.error("%s failed", scope["path"], exc_info=error)


def _respond(
    request: Request[Any, Any, Any],
    status: int,
    detail: str,
    errors: list[ParameterProblem],
    headers: dict[str, str] | None,
) -> Response[Problem]:
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=errors,
    )
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers)
