"""Logs of other sensors as flows: what Zeek and Argus wrote becomes FlowBatches.

stage.py      the source: batches, the clock, several files as one; read this first
recognise.py  which log a file is, which files belong together
lines.py      text in blocks of whole lines, also compressed
zeektsv.py zeekjson.py argus.py   the forms: records as tables
table.py      columns and their values
conn.py endings.py                connections as flow records
entries.py companions.py          dns, ssl, http ... beside them
"""
