"""The parameters of GET /api/v1/flows are the fields of FlowFilter, no more and no fewer."""

import pytest

from appliance.api.filters import FlowQuery, Window
from appliance.api.problem import BadParameter
from appliance.model.views import FlowFilter


def test_flow_parameters_are_the_fields_of_the_filter() -> None:
    assert set(FlowQuery.__struct_fields__) == set(FlowFilter.__struct_fields__)
    assert FlowQuery().narrow() == FlowFilter()


@pytest.mark.parametrize(
    ("given", "meant"), [("de", "DE"), ("local", "Local"), ("Unknown", "Unknown"), ("", "")]
)
def test_countries_are_written_as_they_are_stored(given: str, meant: str) -> None:
    assert FlowQuery(country=given).narrow().country == meant


@pytest.mark.parametrize(
    ("window", "bounds"),
    [
        (Window(), (96_400, 100_000)),
        (Window(minutes=5), (99_700, 100_000)),
        (Window(minutes=5, until=50_000), (49_700, 50_000)),
        (Window(since=10), (10, 100_000)),
        (Window(since=10, until=20), (10, 20)),
        (Window(until=60), (0, 60)),
    ],
)
def test_ranges(window: Window, bounds: tuple[float, float]) -> None:
    assert window.bounds(100_000) == bounds


@pytest.mark.parametrize(
    "window", [Window(since=20, until=20), Window(since=100_001), Window(minutes=1, since=5)]
)
def test_empty_and_contradictory_ranges_are_refused(window: Window) -> None:
    with pytest.raises(BadParameter):
        window.bounds(100_000)
