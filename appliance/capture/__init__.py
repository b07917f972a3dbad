"""Frames from outside: capture files, several of them merged, a paced replay, a kernel ring."""
