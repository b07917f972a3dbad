"""Compiled kernels: arrays in, arrays out. No I/O, no Python objects, no exceptions."""

from appliance.kernels import compiler

__all__ = ["compiler"]
