"""A labelled network day: benign habits and every kind of attack, as packets, log or flows.

office.py      who lives there, and an actor with working hours
servers.py     whom they talk to
benign.py      what people and machines do all day
appliances.py  what machines do that serve others
quirks.py      benign habits that look bad
roles.py       which role has which habits
noise.py       scans, guessing and floods
intrusions.py  command and control, tunnels, theft, spreading
scripts.py     the attacks by name
day.py         the plan of a day; conversations with labels
mixture.py     rows in fixed shares of normal and bad
labels.py      the label of a flow, and the truth about every host
"""
