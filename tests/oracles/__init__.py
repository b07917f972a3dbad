"""Slow, obvious Python that says what the kernels must answer; nothing here imports a kernel."""
