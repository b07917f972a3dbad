"""What the daemon gives the API. Nothing here is made by the API itself."""

from collections.abc import Callable
from dataclasses import dataclass

from appliance.api.live import LiveFeed
from appliance.api.queries import QueryPool
from appliance.model.health import Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a request may need. The callables are cheap and are called on the loop."""

    queries: QueryPool  # the store, behind threads
    live: LiveFeed  # what the WebSocket clients are sent
    health: Callable[[], Health]
    metrics: Callable[[], str]  # further metrics as Prometheus text, "" none
    attribution: Callable[[], list[dict[str, str]]]  # who the geographic data is from
    config_text: Callable[[], str]  # the effective configuration as TOML, without secrets
    now: Callable[[], float]  # s since the epoch
