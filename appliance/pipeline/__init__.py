"""The data flow: frames -> flows and samples -> metadata -> enrich -> store, forward, live.

worker.py    a capture thread: a source's frames into its flow table, outputs into the channel
stage.py     what happens to one output of a table, in order: read this first
rows.py      a batch as the rows that people and files see
export.py    flows written to files
monitor.py   the sensor's own figures
"""
