"""Tracer Appliance: packets to flows, stored and shown, in one daemon."""

__version__ = "0.1.0"
