"""What the API sends: field names are public, so they are written down here once more."""

import msgspec
import pytest

from appliance.model.views import FlowFilter, FlowRow, Page, StoreStatistics, TrafficPoint


def test_a_filter_that_is_not_given_filters_nothing() -> None:
    fields = msgspec.structs.asdict(FlowFilter())
    assert {value for name, value in fields.items() if name != "limit"} <= {"", None}
    assert fields["limit"] == 50


def test_unknown_filters_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.convert({"colour": "red"}, FlowFilter)


def test_rows_name_both_ends_alike() -> None:
    names = set(FlowRow.__struct_fields__)
    for stem in ("packets", "bytes", "payload", "ip_bytes", "flags"):
        assert {f"{stem}_out", f"{stem}_in"} <= names
    for stem in ("ip", "port", "country", "asn", "org", "mac"):
        assert {f"src_{stem}", f"dst_{stem}"} <= names
    assert {"flow_id", "start", "end", "duration", "state", "history", "community_id"} <= names


def test_pages_and_points_survive_json() -> None:
    point = TrafficPoint(
        t=60, packets=1, bytes=2, in_bytes=0, out_bytes=2, local_bytes=0, tcp_bytes=2, udp_bytes=0,
        other_bytes=0, new_flows=1,
    )  # fmt: skip
    page = Page(count=1, data=[msgspec.to_builtins(point)])
    assert msgspec.json.decode(msgspec.json.encode(page), type=Page) == page


def test_the_stores_counters_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        StoreStatistics().flows = 1  # type: ignore[misc]
