"""Routes about what is learnt: fingerprints of hosts, models, training on demand."""

from typing import Any, Literal

import msgspec
from litestar import Request, get, post

from appliance.api import caseexamples as examples
from appliance.api.access import services_of
from appliance.api.casefilters import RollbackBody, TrainBody, WindowsQuery
from appliance.api.desk import carry_out, training_desk
from appliance.api.documents import refusals, success
from appliance.api.parameters import check_address, operation, parse_body, parse_query
from appliance.api.problem import BadParameter, NotKnown
from appliance.api.schemas import Accepted, ModelList, WindowList
from appliance.model.views import ModelRow

WINDOWS_MINUTES = 1_440
MAX_LOGS_BYTES = 4 << 20  # clients of other systems send logs along, which are not needed here

_DONE = {"train": "Training", "analyze": "The analysis of the last windows"}


@get(
    "/api/v1/hosts/{ip:str}/windows",
    tags=["learning"],
    summary="Fingerprints of one host",
    description="One for each closed window in which it was active, oldest first; the last day "
    "unless another range is asked for. `values` has every feature by name.",
    operation_class=operation(WindowsQuery),
    responses={**success(WindowList, examples.WINDOWS), **refusals(400, 503)},
)
async def host_windows(request: Request[Any, Any, Any]) -> WindowList:
    """Return a host's fingerprints."""
    ip = check_address("ip", request.path_params["ip"])
    services = services_of(request)
    query = parse_query(request.scope["query_string"], WindowsQuery)
    since, until = query.bounds(services.now(), WINDOWS_MINUTES)
    found = await services.queries.run(
        lambda reader: reader.host_windows(ip, since, until, query.limit)
    )
    return WindowList(count=len(found), data=found)


@get(
    "/api/v1/models",
    tags=["learning"],
    summary="Versions of what was learnt",
    description="The one that judges is `active`; `note` says why a version was promoted or not.",
    responses={**success(ModelList, examples.MODELS), **refusals(503)},
    sync_to_thread=False,
)
def models(request: Request[Any, Any, Any]) -> ModelList:
    """Return the models and what training is doing."""
    desk = training_desk(request)
    found = desk.models()
    return ModelList(count=len(found), data=found, training=desk.status())


@post(
    "/api/v1/models/train",
    status_code=202,
    tags=["learning"],
    summary="Train now",
    description="Answers at once. A version that is worse than the one in use is not promoted.",
    responses={**success(Accepted, examples.ACCEPTED, status=202), **refusals(503)},
    sync_to_thread=False,
)
def train(request: Request[Any, Any, Any]) -> Accepted:
    """Ask for training."""
    return _ask_for(request, "train")


@post(
    "/api/v1/models/rollback",
    status_code=200,
    tags=["learning"],
    summary="Judge with an earlier version",
    description="The one before the version in use, unless another one is named.",
    operation_class=operation(body=RollbackBody, example=examples.ROLLBACK),
    responses={**success(ModelRow, examples.MODEL), **refusals(400, 404, 415, 503)},
)
async def roll_back(request: Request[Any, Any, Any]) -> ModelRow:
    """Go back to an earlier model."""
    desk = training_desk(request)
    body = await parse_body(request, RollbackBody)
    found = await carry_out(desk.roll_back(body.version))
    if found is None:
        raise NotKnown("There is no such version.")
    return found


@post(
    "/run-analysis",
    status_code=202,
    tags=["learning"],
    summary="Judge the last windows now",
    description="As TracerAI has it. Answers at once; what is found is among the alerts.",
    responses={**success(Accepted, examples.ACCEPTED, status=202), **refusals(503)},
    sync_to_thread=False,
)
def run_analysis(request: Request[Any, Any, Any]) -> Accepted:
    """Ask for an analysis."""
    return _ask_for(request, "analyze")


@post(
    "/api/train_model",
    status_code=202,
    tags=["learning"],
    summary="Train now, as other systems ask for it",
    description="A body with `source_ip`, `window_minutes` and `logs` is understood; training uses "
    "what is stored here. Answers at once.",
    responses={**success(Accepted, examples.ACCEPTED, status=202), **refusals(400, 503)},
    request_max_body_size=MAX_LOGS_BYTES,
)
async def train_model(request: Request[Any, Any, Any]) -> Accepted:
    """Ask for training."""
    raw = await request.body()
    try:
        msgspec.json.decode(raw or b"{}", type=TrainBody)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadParameter("body", str(error)) from error
    return _ask_for(request, "train")


def _ask_for(request: Request[Any, Any, Any], work: Literal["train", "analyze"]) -> Accepted:
    if training_desk(request).request(work):
        return Accepted(status="accepted", message=f"{_DONE[work]} begins.")
    return Accepted(status="waiting", message=f"{_DONE[work]} was asked for already.")


ROUTES = (host_windows, models, train, roll_back, run_analysis, train_model)
