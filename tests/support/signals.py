"""Signals made by hand, and a casebook to give them to."""

import ipaddress
from functools import cache
from typing import Any

from appliance.cases.casebook import Casebook
from appliance.cases.directory import Directory
from appliance.config.schema import Alerts, Detect, Learn
from appliance.model.address import Address, parse_address
from appliance.model.alert import AlertChange, Family, Signal, Visibility

NOON = 1_700_049_600.0  # 2023-11-15 12:00 UTC
HOUR = 3_600.0
DAY = 86_400.0
CLEAR = Visibility()


@cache
def address(text: str) -> Address:
    made = Address(*parse_address(text))
    made.local = ipaddress.ip_address(text).is_private
    return made


def signal(**given: Any) -> Signal:
    """Return a beacon of 192.168.1.5 to 203.0.113.7, with what is given put in its place."""
    at_s = given.pop("at_s", NOON)
    fields: dict[str, Any] = {
        "ts_s": at_s,
        "first_s": at_s - 600.0,
        "last_s": at_s,
        "rule": "beacon",
        "kind": "beacon",
        "family": Family.BEACON,
        "host": "192.168.1.5",
        "peer": "203.0.113.7",
        "port": 443,
        "proto": 6,
        "weight": 2.5,
        "sentence": "called 203.0.113.7 every 60 s, 96 times",
        "count": 96,
    } | given
    fields["host"] = address(fields["host"])
    fields["peer"] = address(fields["peer"]) if fields["peer"] else None
    return Signal(**fields)


def scan(**given: Any) -> Signal:
    """Return a port scan of 192.168.1.5 at 10.0.0.9."""
    fields: dict[str, Any] = {
        "rule": "vertical_scan",
        "kind": "port_scan",
        "family": Family.FANOUT,
        "peer": "10.0.0.9",
        "port": 0,
        "weight": 3.2,
        "sentence": "tried 812 ports of 10.0.0.9",
        "count": 812,
        "half_life_s": 7_200.0,
    }
    return signal(**(fields | given))


def burst(**given: Any) -> Signal:
    """Return a burst of contacts to the beacon's peer and port."""
    fields: dict[str, Any] = {
        "rule": "burst",
        "family": Family.RATE,
        "weight": 2.4,
        "half_life_s": 7_200.0,
        "sentence": "opened 80 connections of one size in 600 s",
        "count": 80,
    }
    return signal(**(fields | given))


def retry(**given: Any) -> Signal:
    """Return calls to the beacon's peer that fail."""
    fields: dict[str, Any] = {
        "rule": "retry",
        "kind": "call_home",
        "family": Family.FAILURE,
        "weight": 2.0,
        "sentence": "called 203.0.113.7 400 times without an answer",
        "count": 400,
    }
    return signal(**(fields | given))


def upload(**given: Any) -> Signal:
    """Return a large upload to another peer."""
    fields: dict[str, Any] = {
        "rule": "exfiltration",
        "kind": "exfiltration",
        "family": Family.VOLUME,
        "peer": "198.51.100.9",
        "weight": 2.0,
        "sentence": "sent 48 GB to 198.51.100.9",
        "count": 1,
    }
    return signal(**(fields | given))


def odd(**given: Any) -> Signal:
    """Return sessions of an unknown protocol with the beacon's peer."""
    fields: dict[str, Any] = {
        "rule": "odd_service",
        "kind": "odd_service",
        "family": Family.PORT,
        "weight": 1.8,
        "sentence": "held 6 sessions on port 5888",
        "count": 6,
    }
    return signal(**(fields | given))


def casebook(**given: Any) -> Casebook:
    """Return a casebook that has learnt; alerts=, detect=, learn=, directory= put others in."""
    return Casebook(
        given.get("alerts", Alerts()),
        given.get("detect", Detect()),
        given.get("learn", Learn(learning_s=0.0)),
        sensor="test",
        directory=given.get("directory", Directory()),
    )


def tell(changes: list[AlertChange]) -> list[tuple[str, str, str, str]]:
    """Return (what, host, kind, severity) of each change."""
    return [(c.what, c.alert.host, c.alert.kind, c.alert.severity) for c in changes]
