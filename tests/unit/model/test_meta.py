"""Metadata: nothing seen is nothing sent."""

import msgspec
import pytest

from appliance.model.meta import DeviceFact, FlowMeta


def test_what_was_not_seen_is_left_out() -> None:
    assert msgspec.json.encode(FlowMeta()) == b"{}"
    assert msgspec.json.encode(FlowMeta(sni="host")) == b'{"sni":"host"}'
    assert msgspec.json.decode(b"{}", type=FlowMeta) == FlowMeta()


def test_a_fact_is_a_value() -> None:
    fact = DeviceFact(ts_ns=1, mac=2, source="dhcp")
    assert fact == DeviceFact(ts_ns=1, mac=2, source="dhcp")
    assert (fact.addr_hi, fact.addr_lo, fact.hostname) == (0, 0, "")
    with pytest.raises(AttributeError):
        fact.mac = 3  # type: ignore[misc]
