"""Detection: every flow is remembered in bounded tables; what becomes due is judged, with reasons.

stage.py           what happens to a batch, in order: read this first
arrays.py          what the kernels need of a batch beyond its records
contacts.py        who talks to whom: the tables the kernels keep
pairs.py           judges one contact: beacons, call-homes, uploads, guessing, odd services
fans.py            judges one source or target: scans, sweeps, spoofed floods, spreading
windows.py         fingerprints of hosts; history.py: what is usual for each
dns.py arp.py dhcp.py icmp.py dnsflows.py   watches of single messages and flows
devices.py         who is new here, and which addresses are one machine
intel.py           lists of known bad
weights.py         every constant of every rule, in one table
"""
