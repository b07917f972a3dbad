import pytest

from appliance.detect.fanview import (
    FanView,
    say_few,
    say_service,
    say_span,
    view_fan,
    windows_exceeded,
)
from appliance.model.contact import Fan
from tests.support.fans import T0, Addresses, make_fan, ports_of, spaced


def view(*args: object, **fields: object) -> FanView:
    row = make_fan(*args, **fields)  # type: ignore[arg-type]
    found = view_fan(row[0], Addresses().resolve)
    assert found is not None
    return found


def test_a_row_as_values() -> None:
    found = view(Fan.PORTS, spaced(20, 19.0), ports_of(20), target="10.0.0.9", alive=3)
    assert (found.source.ip, found.target.ip if found.target else "") == ("10.0.0.5", "10.0.0.9")
    assert (found.items, found.dead, found.probe_share, found.span_s) == (20, 17, 1.0, 19.0)
    assert [item.port for item in found.examples] == list(range(20, 28))
    assert found.times_s[0] == T0


def test_a_row_without_items_is_nothing() -> None:
    row = make_fan(Fan.PORTS, [0.0], items=0)
    assert view_fan(row[0], Addresses().resolve) is None


def test_counts_within_a_window() -> None:
    found = view(Fan.PORTS, spaced(41, 400.0), ports_of(8))  # one each 10 s
    assert [found.within(s) for s in (5.0, 100.0, 1_000.0)] == [1, 10, 41]


def test_more_items_than_are_remembered() -> None:
    quick = view(Fan.PORTS, spaced(1_000, 10.0), ports_of(8))
    assert quick.within(300.0) == 1_000
    slow = view(Fan.PORTS, spaced(1_000, 999.0), ports_of(8))
    assert slow.within(300.0) == 64  # at least


def test_times_out_of_order() -> None:
    found = view(Fan.PORTS, [0.0, 30.0, 10.0], ports_of(3))
    assert found.times_s == (T0, T0 + 10, T0 + 30)


def test_the_window_that_is_exceeded_most() -> None:
    found = view(Fan.PORTS, spaced(40, 390.0), ports_of(8))
    assert windows_exceeded(found, ((300.0, 15.0), (3_600.0, 10.0))) == (4.0, -3_600.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "a second"), (23, "23 s"), (720, "12 min"), (19_080, "5.3 h"), (260_000, "3 days")],
)
def test_spans(seconds: float, text: str) -> None:
    assert say_span(seconds) == text


def test_words() -> None:
    assert say_few([1, 2], 7) == "1, 2 and 5 more"
    assert say_few([1, 2], 2) == "1, 2"
    assert (say_service(23, 6), say_service(8, 1)) == ("tcp/23", "icmp")
