"""The store: what was seen, in SQLite files of one folder. The only package that opens databases.

main.db holds what outlives a day (traffic per minute, devices). Flows, their dictionaries and the
per-host rollup live in segments, one or more per UTC day, each readable without any other file:
retention is unlinking the oldest, and damage costs no more than one of them.
"""
