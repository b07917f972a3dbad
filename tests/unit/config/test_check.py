from typing import Any

import msgspec
import pytest

from appliance.config.check import find_contradictions
from appliance.config.schema import Config


def problems(section: str, **values: Any) -> list[tuple[str, str]]:
    changed = msgspec.structs.replace(getattr(Config(), section), **values)
    return list(find_contradictions(msgspec.structs.replace(Config(), **{section: changed})))


def test_defaults_are_consistent() -> None:
    assert list(find_contradictions(Config())) == []


@pytest.mark.parametrize(
    "names",
    [(), ("",), ("eth0", "eth0"), ("sixteen-bytes-it",), ("a/b",), ("a b",), ("..",), ("a\n",)],
)
def test_impossible_interfaces_are_refused(names: tuple[str, ...]) -> None:
    (problem,) = problems("capture", interfaces=names)
    assert problem[0] == "capture.interfaces"


def test_possible_interfaces_pass() -> None:
    assert (
        problems("capture", interfaces=("auto", "enp0s31f6", "eth0.100", "fifteen-bytes-i")) == []
    )


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0", "home", "", "10.0.0.1/8", "fd00::1/8"])
def test_bad_networks_are_refused(text: str) -> None:
    (problem,) = problems("network", home=("192.168.0.0/16", text))
    assert problem[0] == "network.home"
    assert f'"{text}"' in problem[1]


def test_good_networks_pass() -> None:
    assert problems("network", home=("10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "0.0.0.0/0")) == []


@pytest.mark.parametrize(
    "url",
    ["ftp://host/", "host:8000", "http://", "https:///x", "http://[::1", "http://h:99999/",
     "http://user:secret@host/ingest"],
)  # fmt: skip
def test_bad_urls_are_refused(url: str) -> None:
    (problem,) = problems("forward", endpoint_url=url)
    assert problem[0] == "forward.endpoint_url"


@pytest.mark.parametrize("url", ["", "http://host:8000/ingest", "https://[2001:db8::1]/x"])
def test_good_urls_pass(url: str) -> None:
    assert problems("forward", endpoint_url=url) == []


def test_severities_stand_in_order() -> None:
    assert problems("alerts", low=3.0, medium=3.0, high=3.0, critical=3.0) == []
    assert problems("alerts", high=2.9) == [
        ("alerts.high", "must be no less than alerts.medium, which is 3")
    ]
    assert [key for key, _ in problems("alerts", low=9.0, critical=3.0)] == [
        "alerts.medium", "alerts.critical",
    ]  # fmt: skip
