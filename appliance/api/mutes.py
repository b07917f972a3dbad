"""Routes about mutes: what shall not be reported, shown before it takes effect."""

from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import Request, delete, get, post

from appliance.api import caseexamples as examples
from appliance.api.access import services_of
from appliance.api.alerts import find_alert
from appliance.api.casefilters import AlertMuteBody, MuteBody, ProposalQuery
from appliance.api.desk import alert_desk, carry_out
from appliance.api.documents import refusals, success
from appliance.api.parameters import operation, parse_body, parse_query
from appliance.api.problem import BadParameter, NotKnown
from appliance.api.reader import Reader
from appliance.api.schemas import MuteList, ProposalList
from appliance.model.alert import Alert, Mute
from appliance.model.views import AlertFilter, MutePreview, MuteProposal

PREVIEW_ALERTS = 5_000  # past alerts a preview looks at, the newest
_PAGE = 500


@get(
    "/api/v1/mutes",
    tags=["alerts"],
    summary="Mutes in force",
    description="Which alerts are held back, until when, and how often each mute was of use.",
    responses={**success(MuteList, examples.MUTES), **refusals(503)},
)
async def mutes(request: Request[Any, Any, Any]) -> MuteList:
    """Return all mutes."""
    found = await services_of(request).queries.run(lambda reader: reader.cases.mutes())
    return MuteList(count=len(found), data=found)


@post(
    "/api/v1/mutes",
    status_code=201,
    tags=["alerts"],
    summary="Put a mute in force",
    description="Look at the preview first. It ends after 30 days unless `days` says otherwise.",
    operation_class=operation(body=MuteBody, example=examples.MUTE_BODY),
    responses={**success(Mute, examples.MUTE, status=201), **refusals(400, 415, 503)},
)
async def add_mute(request: Request[Any, Any, Any]) -> Mute:
    """Add a mute."""
    desk = alert_desk(request)
    body = await parse_body(request, MuteBody)
    return await carry_out(desk.add_mute(body.to_mute(services_of(request).now())))


@post(
    "/api/v1/mutes/preview",
    status_code=200,
    tags=["alerts"],
    summary="What a mute would have held back",
    description=f"Of the newest {PREVIEW_ALERTS} alerts that are stored. Changes nothing.",
    operation_class=operation(body=MuteBody, example=examples.MUTE_BODY),
    responses={**success(MutePreview, examples.PREVIEW), **refusals(400, 415, 503)},
)
async def preview_mute(request: Request[Any, Any, Any]) -> MutePreview:
    """Return what a mute would have silenced."""
    desk = alert_desk(request)
    mute = (await parse_body(request, MuteBody)).to_mute(services_of(request).now())
    return await services_of(request).queries.run(
        lambda reader: desk.preview(mute, iter_alerts(reader))
    )


@delete(
    "/api/v1/mutes/{id:int}",
    status_code=204,
    tags=["alerts"],
    summary="Lift a mute",
    description="What it has held back stays muted; new evidence is reported.",
    responses=refusals(400, 404, 503),
)
async def remove_mute(request: Request[Any, Any, Any]) -> None:
    """Remove a mute."""
    number = request.path_params["id"]
    if not await carry_out(alert_desk(request).remove_mute(number)):
        raise NotKnown("There is no such mute.")


@post(
    "/api/v1/alerts/{id:str}/mute",
    status_code=200,
    tags=["alerts"],
    summary="Mute what an alert is about",
    description="Puts the narrowest mute in force that fits, or another one of those proposed. "
    "With `preview` nothing is changed: all proposals are shown, each with what it would have held "
    "back.",
    operation_class=operation(ProposalQuery, AlertMuteBody, examples.ALERT_MUTE_BODY),
    responses={**success(ProposalList, examples.PROPOSALS), **refusals(400, 404, 415, 503)},
)
async def mute_alert(request: Request[Any, Any, Any]) -> ProposalList:
    """Show or put in force a mute for an alert."""
    desk = alert_desk(request)
    query = parse_query(request.scope["query_string"], ProposalQuery)
    body = await parse_body(request, AlertMuteBody)
    found = await find_alert(request)
    proposed = desk.propose(found, body.by)
    if not proposed:
        raise BadParameter("id", f"{found.kind} cannot be muted")
    if not query.preview:
        if body.choice >= len(proposed):
            raise BadParameter("choice", f"there are {len(proposed)} proposals")
        wanted = _complete(proposed[body.choice], body, services_of(request).now())
        proposed = [await carry_out(desk.add_mute(wanted))]
    data = await services_of(request).queries.run(
        lambda reader: [
            MuteProposal(mute=mute, preview=desk.preview(mute, iter_alerts(reader)))
            for mute in proposed
        ]
    )
    return ProposalList(count=len(data), data=data)


def iter_alerts(reader: Reader) -> Iterator[Alert]:
    """Deliver the newest alerts that are stored, newest first, few at a time in memory."""
    cursor = ""
    for _ in range(PREVIEW_ALERTS // _PAGE):
        page = reader.cases.alerts(AlertFilter(limit=_PAGE, cursor=cursor))
        yield from page.data
        cursor = page.next
        if not cursor:
            return


def _complete(mute: Mute, body: AlertMuteBody, now_s: float) -> Mute:
    return msgspec.structs.replace(
        mute,
        created=now_s,
        expires=now_s + body.days * 86_400 if body.days else 0.0,
        created_by=body.by,
        reason=body.reason,
    )


ROUTES = (mutes, add_mute, preview_mute, remove_mute, mute_alert)
