"""How good detection is on labelled data, and what a naive forest reaches on the same.

run.py      a replay with its judgement, start to end: read this first
labels.py   what single flows are; truth.py what machines are
collect.py  what a replay said
rankings.py the scores of host windows that are compared, our own forest's among them
naive.py    the yardstick, in a process of its own (forest.py)
scores.py   areas under curves, precision, recall
report.py   the figures; table.py as text
"""
