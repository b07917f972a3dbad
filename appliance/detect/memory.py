"""The arrays behind detect/contacts.py, sized by the configuration, and their kernels warmed up."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Detect
from appliance.flows.connstate import conn_state
from appliance.flows.pages import allocate
from appliance.kernels.classify import TCP_FAILED, TCP_FINE, TCP_NORMAL, TCP_OTHER, TCP_RESET_EARLY
from appliance.kernels.contacttable import (
    LIMITS_DTYPE,
    NEWS,
    NEWS_DTYPE,
    STATE_DTYPE,
    WAYS,
    Memory,
    Told,
)
from appliance.kernels.jit import records
from appliance.model.contact import (
    CONTACT_DTYPE,
    FAN_DTYPE,
    HOST_DTYPE,
    NET_DTYPE,
    NO_HOST,
    TIMING_DTYPE,
)

_GATES = 65_536
_SERVERS = 16_384
_COUNTS = 16_384
_CHUNK = 64

_KINDS = {
    **dict.fromkeys(("S0", "REJ", "RSTRH", "SH", "SHR"), TCP_FAILED),
    "RSTOS0": TCP_RESET_EARLY,
    "OTH": TCP_OTHER,
    "SF": TCP_NORMAL,
}


def tcp_kinds() -> NDArray[np.uint8]:
    """Return TCP_* by the states of originator and responder and whether there was payload."""
    kinds = np.zeros((7, 7, 2), np.uint8)
    for orig, resp, payload in np.ndindex(kinds.shape):
        kinds[orig, resp, payload] = _KINDS.get(conn_state(orig, resp, payload), TCP_FINE)
    return kinds


def _rows(most: int) -> int:
    """Return the largest power of two that is no more, and at least one set."""
    return max(1 << (most.bit_length() - 1), WAYS)


def allocate_memory(config: Detect, seed: int) -> Memory:
    """Return empty tables; memory is taken as rows are handed out.

    Capacities are the configured ones rounded down to a power of two.
    """
    contacts, hosts = _rows(config.max_contacts), _rows(config.max_hosts)
    fans, nets = _rows(config.max_fans), _rows(config.max_contacts // 2)
    limits = np.zeros(1, LIMITS_DTYPE)
    limits["seed"] = seed
    limits["window_s"] = config.window_s
    limits["timings"] = config.max_timed
    limits["set_mask"] = [rows // WAYS - 1 for rows in (contacts, hosts, fans, nets)]
    limits["gate_mask"] = _GATES // WAYS - 1
    limits["server_mask"] = _SERVERS // WAYS - 1
    limits["count_mask"] = _COUNTS // WAYS - 1
    table = allocate(contacts, CONTACT_DTYPE)
    return Memory(
        limits=records(limits),
        state=records(np.zeros(1, STATE_DTYPE)),
        contacts=records(table),
        contact_bytes=table.view(np.uint8),
        contact_index=allocate(contacts, np.uint64),
        contact_free=np.zeros(contacts, np.uint32),
        contact_host=np.full(contacts, NO_HOST, np.uint32),
        contact_net=np.full(contacts, NO_HOST, np.uint32),
        contact_wide=np.full(contacts, NO_HOST, np.uint32),
        contact_seen=np.zeros(contacts, np.uint32),
        contact_alive=np.zeros(contacts, np.uint32),
        contact_strength=np.zeros(contacts, np.uint8),
        timings=records(np.zeros(config.max_timed, TIMING_DTYPE)),
        timing_free=np.zeros(config.max_timed, np.uint32),
        hosts=records(allocate(hosts, HOST_DTYPE)),
        host_index=allocate(hosts, np.uint64),
        fans=records(allocate(fans, FAN_DTYPE)),
        fan_index=allocate(fans, np.uint64),
        nets=records(allocate(nets, NET_DTYPE)),
        net_index=allocate(nets, np.uint64),
        gates=np.zeros(_GATES, np.uint64),
        servers=np.zeros(_SERVERS, np.uint32),
        counts=np.zeros(_COUNTS, np.uint64),
        tcp=tcp_kinds(),
        due_contacts=np.zeros(contacts, np.int32),
        due_fans=np.zeros(fans, np.int32),
        news=records(np.zeros(NEWS + 2, NEWS_DTYPE)),
        hashes=np.zeros(_CHUNK, np.uint64),
    )


def allocate_told(count: int) -> Told:
    """Return room for what the kernel says of `count` flows."""
    zeros: Any = np.zeros
    return Told(
        classes=zeros(count, np.uint8),
        contact=zeros(count, np.int32),
        host=zeros(count, np.int32),
        server=zeros(count, np.int32),
        out=zeros(count, np.float64),
        into=zeros(count, np.float64),
        novel=zeros(count, np.uint8),
    )
