"""Compiled kernels: arrays in, arrays out. No I/O, no Python objects, no exceptions."""
