"""Flows on their way to other systems."""
