"""A labelled network day: benign habits and every kind of attack, as packets, log or flows.

office.py      who lives there, and an actor with working hours
servers.py     whom they talk to
benign.py      what people and machines do all day
noise.py       scans, guessing and floods
intrusions.py  command and control, tunnels, theft, spreading
day.py         the plan of a day; conversations with labels
files.py       what is written
"""
