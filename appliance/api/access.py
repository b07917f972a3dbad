"""How a handler gets at the services, and only they at the application's state."""

from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.datastructures import State

from appliance.api.services import Services

_KEY = "services"


def state_with(services: Services) -> State:
    """Return the state of an application that offers these services."""
    return State({_KEY: services}, deep_copy=False)


def services_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Services:
    """Return what the daemon gave."""
    return cast("Services", connection.app.state[_KEY])
