"""Classes of ports that behave alike, so that what is rare on one of them can be told."""

import numpy as np
from numpy.typing import NDArray

from appliance.flows.ports import port_table

NO_PORT, OTHER_LOW, OTHER_KNOWN, OTHER_MIDDLE, OTHER_HIGH, ECHO = range(6)
_GENERAL = (
    "a protocol without ports", "another port below 1024", "another registered port",
    "a port without a name", "an ephemeral port", "echo",
)  # fmt: skip
_NAMED: dict[str, tuple[int, ...]] = {
    "FTP": (20, 21), "SSH": (22,), "Telnet": (23,), "mail sending": (25, 465, 587), "DNS": (53,),
    "DHCP": (67, 68, 546, 547), "HTTP": (80,), "Kerberos": (88,), "POP3": (110, 995),
    "NTP": (123,), "RPC": (135,), "NetBIOS names": (137, 138), "NetBIOS": (139,),
    "IMAP": (143, 993), "SNMP": (161, 162), "LDAP": (389, 636, 3268), "HTTPS": (443,),
    "SMB": (445,), "IPsec": (500, 4500), "syslog": (514, 6514), "RTSP": (554, 8554),
    "printing": (515, 631, 9100), "DNS over TLS": (853,), "rsync": (873,),
    "VPN": (1194, 1701, 1723, 51820), "SQL Server": (1433,), "MQTT": (1883, 8883),
    "SSDP": (1900,), "a proxy": (1080, 3128), "MySQL": (3306,), "RDP": (3389,),
    "STUN": (3478, 19302), "WS-Discovery": (3702,), "SIP": (5060, 5061), "XMPP": (5222, 5223, 5269),
    "push messages": (5228, 5229, 5230), "mDNS": (5353,), "LLMNR": (5355,), "PostgreSQL": (5432,),
    "VNC": (5900, 5901), "WinRM": (5985, 5986), "Redis": (6379,), "IRC": (6667, 6697),
    "alternative HTTP": (8000, 8008, 8080, 8081, 8888), "alternative HTTPS": (8443, 4443),
    "casting": (8009,), "file sharing": (6881,), "Modbus": (502,), "a database": (9200, 27017),
}  # fmt: skip
PORT_CLASSES = (*_GENERAL, *_NAMED)
assert len(PORT_CLASSES) <= 64


def port_classes() -> NDArray[np.uint8]:
    """Return the class of each port, an index of PORT_CLASSES, uint8 (65536,)."""
    classes = np.full(65_536, OTHER_MIDDLE, np.uint8)
    classes[32_768:] = OTHER_HIGH
    classes[port_table() & 1 != 0] = OTHER_KNOWN
    classes[:1_024] = OTHER_LOW
    classes[0] = NO_PORT
    for number, ports in enumerate(_NAMED.values(), start=len(_GENERAL)):
        classes[list(ports)] = number
    return classes
