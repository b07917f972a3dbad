"""The application: routes, errors, documentation. Nothing here is started or stopped."""

from pathlib import Path
from typing import Any

from litestar import Litestar, Response, Router
from litestar.exceptions import HTTPException, NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import License, Tag

import appliance
from appliance.api import alerts, learning, mutes, system, traffic
from appliance.api.access import state_with
from appliance.api.guard import Guard
from appliance.api.problem import (
    answer_busy,
    answer_desk,
    answer_fault,
    answer_http,
    answer_store,
    note_fault,
)
from appliance.api.queries import QueriesBusy
from appliance.api.services import Services
from appliance.api.static import page_routes
from appliance.api.websocket import watch
from appliance.errors import StoreError
from appliance.runtime.mailbox import MailboxFull

MAX_BODY_BYTES = 65_536  # unless a route says otherwise
DIST = Path(appliance.__file__).parent / "web" / "dist"

_DESCRIPTION = """\
What a network sensor saw, what it makes of it, and how it is itself. Times are seconds since the
epoch, sizes are bytes, lists come as `{count, data}`, errors as `application/problem+json` (RFC
9457).

`WS /ws` sends an `init` message (the last 300 seconds, health, the latest 50 flows, top talkers,
countries, open alerts), then a `traffic_update` a second and an `alert` the moment something about
one changes; the text `ping` is answered with `pong`. Its bodies have the shapes of the routes here.
"""


def create_app(services: Services, *, dist: Path = DIST) -> Litestar:
    """Return the ASGI application.

    services : stay with the caller, who also closes them
    dist : the built web interface; read here, once
    """
    app = Litestar(
        [
            *system.ROUTES,
            *traffic.ROUTES,
            *alerts.ROUTES,
            *mutes.ROUTES,
            *learning.ROUTES,
            watch,
            *page_routes(dist),
        ],
        state=state_with(services),
        exception_handlers={
            HTTPException: answer_http,
            QueriesBusy: answer_busy,
            MailboxFull: answer_desk,
            StoreError: answer_store,
            Exception: answer_fault,
        },
        after_exception=[note_fault],
        openapi_config=_document(),
        logging_config=None,
        request_max_body_size=MAX_BODY_BYTES,
    )
    # outside the router, so that not even a 404 escapes it
    app.asgi_handler = Guard(app.asgi_handler, services.now)
    return app


def _document() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Tracer Appliance",
        version=appliance.__version__,
        description=_DESCRIPTION,
        license=License(name="MIT", identifier="MIT"),
        tags=[
            Tag(name="traffic", description="What was seen on the wire."),
            Tag(name="alerts", description="What was detected, and what people say about it."),
            Tag(name="learning", description="How hosts usually are, and what was learnt of it."),
            Tag(name="system", description="The sensor itself."),
        ],
        # documents only: the pages that render them would be fetched from elsewhere
        render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
        openapi_router=Router(
            "/schema", route_handlers=[], include_in_schema=False, after_request=_refuse_unknown
        ),
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
    )


async def _refuse_unknown(response: Response[Any]) -> Response[Any]:
    """Turn the framework's own 404 page under /schema into a problem."""
    if response.status_code == 404:
        raise NotFoundException
    return response
