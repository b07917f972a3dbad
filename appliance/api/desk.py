"""How a route has something done by the threads that detect, and what it answers if they cannot."""

import asyncio
from concurrent.futures import Future
from typing import Any, TypeVar

from litestar import Request

from appliance.api.access import services_of
from appliance.api.problem import BadParameter, DeskClosed
from appliance.api.services import AlertDesk, TrainingDesk

TIMEOUT_S = 5.0  # the thread that judges looks at what was asked for four times a second

_TOO_LATE = "It was not done in time. Look whether it is, then try again."

T = TypeVar("T")


def alert_desk(request: Request[Any, Any, Any]) -> AlertDesk:
    """Return who takes decisions about alerts. Raises DeskClosed."""
    desk = services_of(request).alerts
    if desk is None:
        raise DeskClosed(detail="Detection is switched off (detect.enabled).")
    return desk


def training_desk(request: Request[Any, Any, Any]) -> TrainingDesk:
    """Return who trains. Raises DeskClosed."""
    desk = services_of(request).training
    if desk is None:
        raise DeskClosed(detail="Learning is switched off (learn.enabled).")
    return desk


async def carry_out(job: Future[T]) -> T:
    """Wait until something is done. Raises BadParameter with the reason if it cannot be."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await asyncio.wrap_future(job)
    except ValueError as error:
        raise BadParameter("body", str(error)) from error
    except TimeoutError as error:
        raise DeskClosed(detail=_TOO_LATE) from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise  # it is we who are told to end
        raise DeskClosed(detail=_TOO_LATE) from error
