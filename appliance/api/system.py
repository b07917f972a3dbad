"""Routes about the sensor itself."""

from typing import Any

from litestar import MediaType, Request, Response, get

from appliance.api import examples
from appliance.api.access import services_of
from appliance.api.documents import refusals, success
from appliance.api.metrics import render_metrics
from appliance.api.schemas import AttributionList, Condition, Stats, condition_of
from appliance.model.health import Health

_READY = ("ok", "degraded")
_EXPOSITION = "text/plain; version=0.0.4"  # the charset is added to text types


@get(
    "/health",
    tags=["system"],
    summary="Is it running?",
    description="For a load balancer or a monitor: 200 while the sensor works, also if `degraded` "
    "(the reasons say why); 503 while it starts or stops.",
    responses={
        **success(Condition, examples.CONDITION),
        **success(Condition, examples.STARTING, status=503, description="Not ready."),
    },
    sync_to_thread=False,
)
def condition(request: Request[Any, Any, Any]) -> Response[Condition]:
    """Say in one word how the sensor is."""
    found = condition_of(services_of(request).health())
    return Response(found, status_code=200 if found.status in _READY else 503)


@get(
    "/api/v1/health",
    tags=["system"],
    summary="The sensor's own state in full",
    description="Counters since start, drops by cause, fill levels, interfaces.",
    responses=success(Health, examples.HEALTH),
    sync_to_thread=False,
)
def health(request: Request[Any, Any, Any]) -> Health:
    """Return everything the sensor knows about itself."""
    return services_of(request).health()


@get(
    "/metrics",
    tags=["system"],
    summary="Counters for Prometheus",
    description="Text format 0.0.4. Counters are since start.",
    media_type=MediaType.TEXT,
    responses=success(str, examples.METRICS, media_type=_EXPOSITION),
    sync_to_thread=False,
)
def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the counters in Prometheus' text format."""
    services = services_of(request)
    text = render_metrics(
        services.health(), services.queries.statistics(), services.live.statistics()
    )
    return Response((text + services.metrics()).encode(), media_type=_EXPOSITION)


@get(
    "/api/v1/stats",
    tags=["system"],
    summary="Counters of every part",
    description="What was seen, kept and answered since start.",
    responses={**success(Stats, examples.STATS), **refusals(503)},
)
async def stats(request: Request[Any, Any, Any]) -> Stats:
    """Return the counters of sensor, store and API."""
    services = services_of(request)
    store = await services.queries.run(lambda reader: reader.stats())
    now = services.health()
    return Stats(
        uptime_s=max(0.0, now.now - now.started),
        packets=now.packets,
        bytes=now.bytes,
        dropped=now.dropped_nic + now.dropped_kernel + now.dropped_queue,
        flows_active=now.flows_active,
        flows_ended=now.flows_ended,
        flows_stored=now.flows_stored,
        store=store,
        queries=services.queries.statistics(),
        live=services.live.statistics(),
    )


@get(
    "/api/v1/attribution",
    tags=["system"],
    summary="Who the geographic data is from",
    description="The licences ask that this be shown wherever the data is.",
    responses=success(AttributionList, examples.ATTRIBUTION),
    sync_to_thread=False,
)
def attribution(request: Request[Any, Any, Any]) -> AttributionList:
    """Return the sources of the geographic data."""
    found = services_of(request).attribution()
    return AttributionList(count=len(found), data=found)


@get(
    "/api/v1/config",
    tags=["system"],
    summary="The configuration in effect",
    description="TOML, all sources merged, secrets left out.",
    media_type="application/toml",
    responses=success(str, examples.CONFIG, media_type="application/toml"),
    sync_to_thread=False,
)
def config(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the effective configuration."""
    return Response(services_of(request).config_text().encode(), media_type="application/toml")


ROUTES = (condition, health, metrics, stats, attribution, config)
