"""Routes about alerts and incidents: what was detected, and what people say about it."""

from typing import Any

from litestar import Request, get, post

from appliance.api import caseexamples as examples
from appliance.api.access import services_of
from appliance.api.casefilters import AlertCountsQuery, AlertQuery, CaseQuery, DecisionBody
from appliance.api.desk import alert_desk, carry_out
from appliance.api.documents import refusals, success
from appliance.api.filters import MAX_TRAFFIC_POINTS
from appliance.api.parameters import operation, parse_body, parse_query
from appliance.api.problem import BadParameter, NotKnown, blame
from appliance.api.schemas import AlertCountList, AlertList, IncidentList
from appliance.model.alert import Alert, AlertState, Incident
from appliance.model.views import Decision

MAX_ID = 32  # characters
_DECIDED = operation(body=DecisionBody, example=examples.DECISION)


@get(
    "/api/v1/alerts",
    tags=["alerts"],
    summary="Alerts, the ones raised last first",
    description="Every parameter narrows. `since` and `until` find what was going on between them. "
    "`next` is the cursor of the following page.",
    operation_class=operation(AlertQuery),
    responses={**success(AlertList, examples.ALERTS), **refusals(400, 503)},
)
async def alerts(request: Request[Any, Any, Any]) -> AlertList:
    """Return a page of alerts."""
    where = parse_query(request.scope["query_string"], AlertQuery).narrow()
    try:
        page = await services_of(request).queries.run(lambda reader: reader.cases.alerts(where))
    except ValueError as error:
        raise blame(error, cursor=where.cursor) from error
    return AlertList(count=page.count, data=page.data, next=page.next)


@get(
    "/api/v1/alerts/counts",
    tags=["alerts"],
    summary="How many alerts were raised when",
    description="By step of time, kind and severity, oldest first; steps without any are left out.",
    operation_class=operation(AlertCountsQuery),
    responses={**success(AlertCountList, examples.COUNTS), **refusals(400, 503)},
)
async def alert_counts(request: Request[Any, Any, Any]) -> AlertCountList:
    """Return the numbers behind a chart."""
    services = services_of(request)
    query = parse_query(request.scope["query_string"], AlertCountsQuery)
    since, until = query.bounds(services.now(), minutes=1_440)
    if (until - since) / query.step > MAX_TRAFFIC_POINTS:
        raise BadParameter("step", f"gives more than {MAX_TRAFFIC_POINTS} steps; take a longer one")
    found = await services.queries.run(lambda reader: reader.cases.counts(since, until, query.step))
    return AlertCountList(count=len(found), data=found)


@get(
    "/api/v1/alerts/{id:str}",
    tags=["alerts"],
    summary="One alert",
    description="With its evidence.",
    responses={**success(Alert, examples.ALERT), **refusals(400, 404, 503)},
)
async def alert(request: Request[Any, Any, Any]) -> Alert:
    """Return one alert."""
    return await find_alert(request)


@post(
    "/api/v1/alerts/{id:str}/acknowledge",
    status_code=200,
    tags=["alerts"],
    summary="Somebody looks after it",
    description="It stays in the lists, and is not counted as open any more.",
    operation_class=_DECIDED,
    responses={**success(Alert, examples.ACKNOWLEDGED), **refusals(400, 404, 415, 503)},
)
async def acknowledge_alert(request: Request[Any, Any, Any]) -> Alert:
    """Acknowledge an alert."""
    return await _decide(request, AlertState.ACKNOWLEDGED)


@post(
    "/api/v1/alerts/{id:str}/close",
    status_code=200,
    tags=["alerts"],
    summary="It is dealt with",
    description="New evidence of the same kind raises a new alert. The verdict is remembered.",
    operation_class=_DECIDED,
    responses={**success(Alert, examples.ALERT), **refusals(400, 404, 415, 503)},
)
async def close_alert(request: Request[Any, Any, Any]) -> Alert:
    """Close an alert."""
    return await _decide(request, AlertState.CLOSED)


@post(
    "/api/v1/alerts/{id:str}/reopen",
    status_code=200,
    tags=["alerts"],
    summary="It is not dealt with after all",
    description="Undoes acknowledging, closing and muting.",
    operation_class=_DECIDED,
    responses={**success(Alert, examples.ALERT), **refusals(400, 404, 415, 503)},
)
async def reopen_alert(request: Request[Any, Any, Any]) -> Alert:
    """Open an alert again."""
    return await _decide(request, AlertState.OPEN)


@get(
    "/api/v1/incidents",
    tags=["alerts"],
    summary="Incidents, the newest first",
    description="Alerts of one story: one device, close in time. Every parameter narrows.",
    operation_class=operation(CaseQuery),
    responses={**success(IncidentList, examples.INCIDENTS), **refusals(400, 503)},
)
async def incidents(request: Request[Any, Any, Any]) -> IncidentList:
    """Return a page of incidents."""
    where = parse_query(request.scope["query_string"], CaseQuery).narrow()
    try:
        page = await services_of(request).queries.run(lambda reader: reader.cases.incidents(where))
    except ValueError as error:
        raise blame(error, cursor=where.cursor) from error
    return IncidentList(count=page.count, data=page.data, next=page.next)


@get(
    "/api/v1/incidents/{id:str}",
    tags=["alerts"],
    summary="One incident",
    description="With its timeline.",
    responses={**success(Incident, examples.INCIDENT), **refusals(400, 404, 503)},
)
async def incident(request: Request[Any, Any, Any]) -> Incident:
    """Return one incident."""
    name = case_id(request)
    found = await services_of(request).queries.run(lambda reader: reader.cases.incident(name))
    if found is None:
        raise NotKnown("There is no such incident.")
    return found


def case_id(request: Request[Any, Any, Any]) -> str:
    """Return the id in a path. Raises BadParameter for what can be none."""
    text = str(request.path_params["id"])
    if len(text) > MAX_ID or not text.isascii():
        raise BadParameter("id", "must be the id of an alert or of an incident")
    return text


async def find_alert(request: Request[Any, Any, Any]) -> Alert:
    """Return the alert a path names. Raises NotKnown."""
    name = case_id(request)
    found = await services_of(request).queries.run(lambda reader: reader.cases.alert(name))
    if found is None:
        raise NotKnown("There is no such alert.")
    return found


async def _decide(request: Request[Any, Any, Any], state: AlertState) -> Alert:
    desk = alert_desk(request)
    body = await parse_body(request, DecisionBody)
    decision = Decision(by=body.by, comment=body.comment, verdict=body.verdict)
    changed = await carry_out(desk.decide(case_id(request), state, decision))
    if changed is None:
        raise NotKnown("There is no such alert, or it was closed long ago.")
    return changed


ROUTES = (
    alerts, alert_counts, alert, acknowledge_alert, close_alert, reopen_alert, incidents, incident,
)  # fmt: skip
