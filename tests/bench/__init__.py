"""Measurements: CPU time, and ratios to peers in the same run. Not tests: nothing here can fail.

    python -m tests.bench [NAME ...] [--traces DIR] [--runs N]

NAME: kernels, replay, detect, store, disk, start, live, memory; all of them by default. The traces
are captures named mix, synflood, scan and elephant (.pcap); what is not there is left out, by name.
"""
