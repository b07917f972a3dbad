"""Registered numbers and limits that the oracles of headers share."""

MAX_HEADERS = 8  # one level of link headers and tags; the eighth is one too many
MAX_EXTENSIONS = 8  # as above, IPv6 extension headers
MAX_LEVELS = 8  # IP headers in each other
ETHERNET, PPP, IPV4, IPV6, ARP, MPLS, PPPOE = -1, -2, 0x0800, 0x86DD, 0x0806, 0x8847, 0x8864
VLAN_TYPES = {0x8100, 0x88A8, 0x9100, 0x9200}
PPP_TYPES = {0x0021: IPV4, 0x0057: IPV6, 0x0281: MPLS, 0x0283: MPLS}
FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
EXTENSIONS = {0, 43, 60, 135, 139, 140}
TUNNELS = {"gre": 1, "vxlan": 2, "6in4": 3, "ipip": 4, "geneve": 5, "teredo": 6, "gtp": 7}
