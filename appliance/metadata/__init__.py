"""Names and fingerprints from sampled packets: payload bytes in, FlowMeta and DeviceFact out.

One module per protocol holds pure functions that take any bytes and answer with a result or None.
`stage.py` holds all state, every part of it bounded.

The parsers are our own. Measured here, scapy takes 200 us and more to dissect one packet and its
smallest useful import (DHCP, DHCPv6 or NetBIOS alone) adds 39-41 MB to the daemon's RSS; these
parsers take 2-20 us and no memory to speak of. The tests use scapy and tshark as oracles.
"""
