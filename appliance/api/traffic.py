"""Routes about what was seen on the wire: flows, hosts, rates, shares."""

from typing import Any, TypeVar

from litestar import Request, get

from appliance.api import examples
from appliance.api.access import services_of
from appliance.api.documents import refusals, success
from appliance.api.filters import (
    MAX_TRAFFIC_POINTS,
    CountriesQuery,
    FlowQuery,
    HostsQuery,
    TopQuery,
    TrafficQuery,
    Window,
)
from appliance.api.parameters import check_address, operation, parse_query
from appliance.api.problem import BadParameter, NotKnown, blame
from appliance.api.schemas import (
    CountryList,
    FlowList,
    HostDetail,
    HostList,
    TalkerList,
    TrafficList,
)
from appliance.api.services import Services
from appliance.model.views import FlowRow

MAX_ROW_ID = 2**63 - 1
HOST_HISTORY_MINUTES = 1_440

W = TypeVar("W", bound=Window)


@get(
    "/api/v1/flows",
    tags=["traffic"],
    summary="Flows, newest first",
    description="Every parameter narrows. `next` is the cursor of the following page.",
    operation_class=operation(FlowQuery),
    responses={**success(FlowList, examples.FLOWS), **refusals(400, 503)},
)
async def flows(request: Request[Any, Any, Any]) -> FlowList:
    """Return a page of flows."""
    where = parse_query(request.scope["query_string"], FlowQuery).narrow()
    try:
        page = await services_of(request).queries.run(lambda reader: reader.flows(where))
    except ValueError as error:
        raise blame(error, proto=where.proto, cursor=where.cursor) from error
    return FlowList(count=page.count, data=page.data, next=page.next)


@get(
    "/api/v1/flows/{id:str}",
    tags=["traffic"],
    summary="One flow",
    description="By the `id` of a listed flow.",
    responses={**success(FlowRow, examples.FLOW), **refusals(400, 404, 503)},
)
async def flow(request: Request[Any, Any, Any]) -> FlowRow:
    """Return one flow."""
    text = request.path_params["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_ROW_ID):
        raise BadParameter("id", "must be the id of a flow, a whole number")
    found = await services_of(request).queries.run(lambda reader: reader.flow(int(text)))
    if found is None:
        raise NotKnown(f"There is no flow {text}. It may have been removed to make room.")
    return found


@get(
    "/api/v1/hosts",
    tags=["traffic"],
    summary="Addresses seen in a range of time",
    description="Ours and foreign ones, with names, makers and countries where known.",
    operation_class=operation(HostsQuery),
    responses={**success(HostList, examples.HOSTS), **refusals(400, 503)},
)
async def hosts(request: Request[Any, Any, Any]) -> HostList:
    """Return a page of hosts."""
    query, (since, until), services = _ranged(request, HostsQuery)
    try:
        page = await services.queries.run(
            lambda reader: reader.hosts(since, until, query.limit, query.cursor, query.search)
        )
    except ValueError as error:
        raise blame(error, cursor=query.cursor) from error
    return HostList(count=page.count, data=page.data, next=page.next)


@get(
    "/api/v1/hosts/{ip:str}",
    tags=["traffic"],
    summary="One address with its history",
    description="The history covers the last day unless another range is asked for.",
    operation_class=operation(Window),
    responses={**success(HostDetail, examples.HOST_DETAIL), **refusals(400, 404, 503)},
)
async def host(request: Request[Any, Any, Any]) -> HostDetail:
    """Return one host and its traffic over time."""
    ip = check_address("ip", request.path_params["ip"])
    _, (since, until), services = _ranged(request, Window, HOST_HISTORY_MINUTES)
    found, history = await services.queries.run(
        lambda reader: (reader.host(ip, since, until), reader.host_history(ip, since, until))
    )
    if found is None:
        raise NotKnown(f"The address {ip} has not been seen.")
    return HostDetail(host=found, history=history)


@get(
    "/api/v1/traffic",
    tags=["traffic"],
    summary="Packets and bytes over time",
    description="Sums per step, oldest first, from the packets themselves.",
    operation_class=operation(TrafficQuery),
    responses={**success(TrafficList, examples.TRAFFIC), **refusals(400, 503)},
)
async def traffic(request: Request[Any, Any, Any]) -> TrafficList:
    """Return traffic sums over time."""
    query, (since, until), services = _ranged(request, TrafficQuery)
    if (until - since) / query.step > MAX_TRAFFIC_POINTS:
        raise BadParameter(
            "step", f"gives more than {MAX_TRAFFIC_POINTS} points; take a longer one"
        )
    points = await services.queries.run(lambda reader: reader.traffic(since, until, query.step))
    newest = points[-query.limit :]
    return TrafficList(count=len(newest), data=newest)


@get(
    "/api/v1/top-ips",
    tags=["traffic"],
    summary="The addresses with most bytes",
    description="Sent and received together decide the order.",
    operation_class=operation(TopQuery),
    responses={**success(TalkerList, examples.TOP), **refusals(400, 503)},
)
async def top_ips(request: Request[Any, Any, Any]) -> TalkerList:
    """Return the busiest addresses."""
    query, (since, until), services = _ranged(request, TopQuery)
    talkers = await services.queries.run(
        lambda reader: reader.top(since, until, query.limit, query.local)
    )
    return TalkerList(count=len(talkers), data=talkers)


@get(
    "/api/v1/countries",
    tags=["traffic"],
    summary="Bytes by country",
    description="Of the foreign ends of flows; `Local` and `Unknown` are listed too.",
    operation_class=operation(CountriesQuery),
    responses={**success(CountryList, examples.COUNTRIES), **refusals(400, 503)},
)
async def countries(request: Request[Any, Any, Any]) -> CountryList:
    """Return bytes and flows by country."""
    query, (since, until), services = _ranged(request, CountriesQuery)
    rows = await services.queries.run(lambda reader: reader.countries(since, until, query.limit))
    return CountryList(count=len(rows), data=rows)


def _ranged(
    request: Request[Any, Any, Any], kind: type[W], minutes: int = 60
) -> tuple[W, tuple[float, float], Services]:
    """Return the checked parameters, their range (s since the epoch), and the services."""
    services = services_of(request)
    query = parse_query(request.scope["query_string"], kind)
    return query, query.bounds(services.now(), minutes), services


ROUTES = (flows, flow, hosts, host, traffic, top_ips, countries)
