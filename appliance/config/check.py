"""What the types cannot say: values that parse but cannot work."""

import ipaddress
import itertools
from collections.abc import Iterator
from urllib.parse import urlsplit

from appliance.config.schema import Alerts, Config

_INTERFACE_NAME_BYTES = 15  # IFNAMSIZ without the closing zero
_AUTO = "auto"


def find_contradictions(config: Config) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) for every value that cannot be meant."""
    yield from (("capture.interfaces", reason) for reason in _check_interfaces(config))
    yield from (("network.home", reason) for reason in _check_networks(config.network.home))
    if reason := _check_url(config.forward.endpoint_url):
        yield "forward.endpoint_url", reason
    yield from _check_severities(config.alerts)


def _check_interfaces(config: Config) -> Iterator[str]:
    names = config.capture.interfaces
    if not names:
        yield f'must name at least one interface, or "{_AUTO}"'
    if len(set(names)) != len(names):
        yield "names an interface twice"
    for name in names:
        if not 0 < len(name.encode()) <= _INTERFACE_NAME_BYTES or name in {".", ".."}:
            yield f'"{name}" is no interface name: 1 to {_INTERFACE_NAME_BYTES} bytes'
        elif not name.isprintable() or any(c in "/: \t" for c in name):
            yield f'"{name}" is no interface name: no blanks, slashes or colons'


def _check_networks(networks: tuple[str, ...]) -> Iterator[str]:
    for text in networks:
        try:
            given = ipaddress.ip_interface(text)
        except ValueError:
            yield f'"{text}" is no network, write it as 192.168.0.0/16 or 2001:db8::/32'
            continue
        if given.ip != given.network.network_address:
            yield f'"{text}" is an address in a network, write {given.network}'


def _check_severities(alerts: Alerts) -> Iterator[tuple[str, str]]:
    steps = ("low", "medium", "high", "critical")
    for below, name in itertools.pairwise(steps):
        least = getattr(alerts, below)
        if getattr(alerts, name) < least:
            yield f"alerts.{name}", f"must be no less than alerts.{below}, which is {least:g}"


def _check_url(url: str) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises if it is no port
    except ValueError as error:
        return f"is no URL: {error}"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must begin with http:// or https:// and a host"
    if parts.username is not None or parts.password is not None:
        return "must hold no user name and password: the configuration is shown to its readers"
    return ""
