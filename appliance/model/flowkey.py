"""A flow in 40 bits: what the model of flows looks at, in steps of powers of two.

Two flows with one key have one score, so that scores can be remembered by key.
Steps are bit lengths: 0 for 0, n for 2^(n-1) .. 2^n - 1.
"""

# (shift, bits) in the key
OUT = (0, 5)  # payload of the originator, bytes
IN = (5, 5)  # payload of the responder
PACKETS = (10, 4)  # both directions
DURATION = (14, 5)  # ms
PORT = (19, 6)  # class of the responder's port, learn/portclass.py
PROTO = (25, 3)  # TCP UDP ICMP ICMPv6, 4 other
OUTCOME = (28, 3)
SERVICE = (31, 5)  # index of model.contact.SERVICES
DIRECTION = (36, 2)  # model.flow.Direction
KEY_SET = 1 << 63  # in every key: 0 is none

OUTCOMES = (
    "unanswered",
    "answered, nothing said",
    "only the originator spoke",
    "only the responder spoke",
    "both spoke",
    "only the responder was seen",
)

FLOW_FEATURES = (
    "out_size",  # step
    "out_over_in",  # steps the originator said more than the responder
    "packets",  # step
    "duration",  # step
    "rare_port",  # -log2 of the share of this port class among flows of this direction
    "rare_service",  # ... of what was spoken, on this port class
    "rare_outcome",  # ... of the outcome, on this port class
    "rare_proto",  # ... of the protocol, in this direction
    "rare_out",  # ... of the size out, on this port class
    "rare_in",  # ... of the size in, on this port class
    "rare_duration",  # ... of the duration, on this port class
)

# where the tables of shares begin, one behind the other: condition * width + value
T_PORT = 0  # direction, port class
T_SERVICE = T_PORT + 4 * 64  # port class, service
T_OUTCOME = T_SERVICE + 64 * 32  # port class, outcome
T_PROTO = T_OUTCOME + 64 * 8  # direction, protocol
T_OUT = T_PROTO + 4 * 8  # port class, step
T_IN = T_OUT + 64 * 32
T_DURATION = T_IN + 64 * 32
T_END = T_DURATION + 64 * 32
