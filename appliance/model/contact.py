"""The memory of who talks to whom: rows of the detection kernels' tables.

A contact is one (originator, responder, port, protocol). Its *host* is the end whose behaviour is
judged: ours for outbound, local and inbound flows, the originator where neither end is at home.
Sizes are transport payload. Times are f8 seconds since the epoch, packet time, flow start.
"""

import numpy as np

TIMES = 64  # last contacts remembered of a contact, and last new items of a fan

# What a flow is to detection; one byte each, made by kernels/classify.py for every flow.
# TCP S0 REJ RSTOS0 RSTRH SH SHR, OTH without answer, payload and <= 6 packets; UDP unanswered
FLOW_FAILED = 1
# Failed without payload back; or TCP with nothing said, short, not closed in order; other protocols
FLOW_PROBE = 2
FLOW_REPLY = 4  # really an answer to something not seen: backscatter; never failed, never a probe
FLOW_ANSWERED = 8  # payload came back
FLOW_GROUP = 16  # the responder is multicast or broadcast
FLOW_UPDATE = 32  # the flow goes on, or was told of before: bytes are added, no contact is counted
FLOW_DEAD = 64  # the responder sent nothing in this flow, not even a RST

# Address.marks of a flow's ends, uint32, packed by detect/arrays.py
MARK_COUNTRY = 0xFFFF  # two letters, first in the high byte; 0 unknown
MARK_VENDOR = 1 << 16  # in a range run by a big vendor: OS and app services, CDNs, public resolvers
MARK_CLOUD = 1 << 17  # in a hosting provider's range: anybody may rent it
MARK_LOCAL = 1 << 18  # at home, private, link-local ...

# CONTACT_DTYPE.bits
CONTACT_ANSWERED = 1  # the responder answered with payload at least once
CONTACT_PROBED = 2  # counted as a probed item of its fans
CONTACT_OPEN = 4  # TCP: the responder completed a handshake at least once
CONTACT_VENDOR = 8
CONTACT_CLOUD = 16
CONTACT_REACTED = 32  # any packet came back, RST included
CONTACT_JUDGED = 64  # `score` was written by a judge
CONTACT_STEALTH = 128  # a flow began with NULL, FIN, XMAS or a bare ACK and said nothing
CONTACT_DUE = 256  # in the list of rows due of the batch in work
CONTACT_INSIDE = 512  # the originator is at home
CONTACT_STALE = 1024  # probed only by the middle of a conversation: ACK, no SYN; no sweep

EARLY = 3  # contacts of a row that its own fields remember before it gets a timing row
NO_HOST = 0xFFFFFFFF  # CONTACT_DTYPE.host of a contact whose judged end never said anything

CONTACT_DTYPE = np.dtype(
    [
        ("orig_hi", "<u8"), ("orig_lo", "<u8"), ("resp_hi", "<u8"), ("resp_lo", "<u8"),
        ("port", "<u2"),  # responder's; ICMP: type
        ("proto", "u1"),
        ("direction", "u1"),  # model.flow.Direction
        ("bits", "<u2"),
        ("service", "u1"),  # SERVICES index of what was spoken, 0 unknown
        ("live", "u1"),  # 1 = row in use
        ("host", "<u4"),  # row of HOST_DTYPE, NO_HOST
        ("net", "<u4"),  # the other end's /24 (address >> 8; IPv6: hash of the /48, bit 31 set)
        ("wide", "<u4"),  # its /16 (address >> 16; IPv6: hash of the /32, bit 31 set)
        ("timing", "<i4"),  # row of TIMING_DTYPE, -1 none (yet)
        ("first_s", "<f8"),
        # second line
        ("last_s", "<f8"),  # start of the newest flow
        ("contacts", "<u4"),  # flows, each once
        ("failed", "<u4"),
        ("probes", "<u4"),
        ("answered", "<u4"),
        ("out", "<f8"),  # bytes, originator to responder
        ("in", "<f8"),
        ("hours", "<u4"),  # bit h: a contact in hour h of the day (UTC)
        ("judge_at", "<u4"),  # number of contacts at which the row is due for judging
        ("window", "<u4"),  # number of the window of the next two
        ("window_contacts", "<u2"),  # saturating
        ("window_failed", "<u2"),
        ("day", "<u2"),  # days since the epoch of day_contacts
        ("peak", "<u2"),  # window_contacts when it was due last because of them
        ("longest_s", "<f4"),  # longest flow
        # third line
        ("open_id", "<u8"),  # flow that goes on, 0 none; its bytes counted so far stand below
        ("open_out", "<f8"),
        ("open_in", "<f8"),
        ("judged_s", "<f8"),  # start of the flow that made it due last
        ("judged", "<u4"),  # contacts when it was due last
        ("score", "<f4"),  # pair score S of the last judging, -9 never or not regular
        ("packets_out", "<u4"),  # originator to responder
        ("packets_in", "<u4"),
        ("day_contacts", "<u4"),
        ("volume_at", "<f4"),  # bytes that left the judged host at which the row is due
        ("net_row", "<i4"),  # row of NET_DTYPE when it was looked up last, -1 none
        ("open_packets", "<u2", (2,)),  # of open_id, out and in, modulo 65,536
        # fourth line: the first contacts, as in TIMING_DTYPE
        ("early_start_s", "<f8", (EARLY,)),
        ("early_out", "<f4", (EARLY,)),
        ("early_in", "<f4", (EARLY,)),
        ("early_duration_s", "<f4", (EARLY,)),
        ("early_flow", "u1", (EARLY,)),
        ("pad", "u1"),
    ]
)  # fmt: skip

# Contacts of one row, a ring: the newest at (head - 1) % TIMES. Flows may end out of order.
TIMING_DTYPE = np.dtype(
    [
        ("contact", "<u4"),  # row it belongs to
        ("head", "<u2"),
        ("used", "<u2"),  # entries, <= TIMES
        ("start_s", "<f8", (TIMES,)),
        ("out", "<f4", (TIMES,)),
        ("in", "<f4", (TIMES,)),
        ("duration_s", "<f4", (TIMES,)),
        ("flow", "u1", (TIMES,)),  # FLOW_* of each
    ]
)

HOST_DTYPE = np.dtype(
    [
        ("hi", "<u8"), ("lo", "<u8"),
        ("first_s", "<f8"),
        ("last_s", "<f8"),
        ("hours", "<u4"),  # bit h: active in hour h of the day (UTC)
        ("contacts", "<u4"),  # distinct contacts as originator
        ("mac", "<u8"),  # of its newest flow, 0 unknown
        ("inside", "u1"),  # 1 = at home
        ("live", "u1"),
        ("pad", "<u2"),
        ("serves", "<u4"),  # distinct contacts answered as responder
    ]
)  # fmt: skip

# An outside network (/24, IPv6 /48) and the inside hosts that used it.
NET_HOSTS = 6
NET_DTYPE = np.dtype(
    [
        ("net", "<u4"),  # as CONTACT_DTYPE.net
        ("hosts", "<u2"),  # distinct inside hosts; beyond NET_HOSTS estimated from `bitmap`
        ("live", "u1"),
        ("answered", "u1"),  # 1 = somebody there answered once
        ("last_s", "<f8"),
        ("bitmap", "<u8", (3,)),  # of host tags, for counting beyond NET_HOSTS
        ("host", "<u4", (NET_HOSTS,)),  # tags of the first ones
    ]
)  # fmt: skip

# SERVICES: what FlowMeta.service or a log's service column said, as a number
SERVICES = (
    "", "dns", "tls", "http", "quic", "ssh", "ftp", "smtp", "dhcp", "mdns", "ntp", "rdp", "smb",
    "imap", "pop3", "irc", "mqtt", "sip", "snmp", "krb", "ldap", "mysql", "postgres", "vnc",
    "modbus", "dnp3", "radius", "syslog", "socks", "rpc", "other",
)  # fmt: skip


class Fan:
    """FAN_DTYPE.kind: what a fan counts distinct items of."""

    PORTS = 1  # (source, target): ports probed. Vertical scan
    TARGETS = 2  # (source, port, proto): targets probed. Horizontal scan
    BLOCK = 3  # (source): (target, port) probed, all together
    ECHO = 4  # (source): targets of ICMP echo
    PROTOCOLS = 5  # (source, target): IP protocols other than TCP, UDP, ICMP, IGMP
    STEALTH = 6  # (source): (target, port) whose first packet was NULL, FIN, XMAS or a bare ACK
    ADMIN = 7  # (source): (inside target, port) with an answered session on an administration port
    VICTIM = 8  # (target, port, proto): sources with failed flows. Spoofed flood


FAN_DTYPE = np.dtype(
    [
        ("a_hi", "<u8"), ("a_lo", "<u8"),  # source; target for VICTIM
        ("b_hi", "<u8"), ("b_lo", "<u8"),  # target, where the key has one
        ("port", "<u2"),
        ("proto", "u1"),
        ("kind", "u1"),
        ("live", "u1"),
        ("flags", "u1"),  # STEALTH: OR of the TCP flags of the first packets
        ("head", "<u2"),
        ("items", "<u4"),  # distinct, since the row was made
        ("alive", "<u4"),  # of these, the ones that turned out to answer later
        ("flows", "<u4"),  # distinct contacts of this key, probed or not; VICTIM: failed flows
        ("probes", "<u4"),  # items that came as probes; VICTIM: failed flows
        ("judge_at", "<u4"),  # number of items (VICTIM: flows) at which the row is due
        ("nets", "<u4"),  # distinct /24 of the items, estimated, up to 255
        ("first_s", "<f8"),
        ("last_s", "<f8"),
        ("packets", "<u8"),
        ("bytes", "<u8"),
        ("judged_s", "<f8"),  # time of the item that made it due last
        ("judged", "<u4"),  # items (VICTIM: flows) then
        ("base", "<u4"),  # items (VICTIM: flows) from which the steps of judge_at are counted
        ("due", "u1"),  # in the list of rows due of the batch in work
        ("inside", "u1"),  # `a` is at home
        ("pad", "<u2"),
        ("pad2", "<u4"),
        ("net_bits", "<u8", (4,)),  # bitmap of the items' networks
        ("time_s", "<f8", (TIMES,)),  # of each of the last items (VICTIM: failed flows), a ring
        ("item_hi", "<u8", (8,)),  # the first eight items, to name some
        ("item_lo", "<u8", (8,)),
        ("item_port", "<u2", (8,)),
    ]
)  # fmt: skip
