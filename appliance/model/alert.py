"""Signals, alerts, incidents and mutes: what detection says, and what people see of it.

A signal is one piece of evidence from one rule. Signals on one device add up; when they weigh
enough they become an alert; alerts of one story become an incident.
"""

from enum import StrEnum

import msgspec

from appliance.model.address import Address


class Severity(StrEnum):
    """How urgently somebody should look."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITIES = tuple(Severity)  # ascending


class AlertState(StrEnum):
    """What people have done about an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    MUTED = "muted"


# kind -> MITRE ATT&CK technique, its name
TECHNIQUES: dict[str, tuple[str, str]] = {
    "port_scan": ("T1046", "Network Service Discovery"),
    "host_sweep": ("T1018", "Remote System Discovery"),
    "brute_force": ("T1110", "Brute Force"),
    "flood": ("T1498", "Network Denial of Service"),
    "exfiltration": ("T1041", "Exfiltration Over C2 Channel"),
    "beacon": ("T1071", "Application Layer Protocol"),
    "call_home": ("T1008", "Fallback Channels"),
    "odd_service": ("T1571", "Non-Standard Port"),
    "dga": ("T1568.002", "Domain Generation Algorithms"),
    "dns_tunnel": ("T1071.004", "Application Layer Protocol: DNS"),
    "icmp_tunnel": ("T1095", "Non-Application Layer Protocol"),
    "lateral_movement": ("T1021", "Remote Services"),
    "arp_spoof": ("T1557.002", "ARP Cache Poisoning"),
    "dhcp_flood": ("T1499", "Endpoint Denial of Service"),
    "new_device": ("T1200", "Hardware Additions"),
    "threat_intel": ("T1071", "Application Layer Protocol"),
    "login_anomaly": ("T1078", "Valid Accounts"),
    "flow_anomaly": ("T1071", "Application Layer Protocol"),
    "host_anomaly": ("T1071", "Application Layer Protocol"),
    "log_alert": ("T1071", "Application Layer Protocol"),
    "sensor_blind": ("T1562", "Impair Defenses"),
}
KINDS = tuple(TECHNIQUES)


class Family(StrEnum):
    """What a piece of evidence is about. Only different families corroborate each other."""

    FANOUT = "fanout"  # many targets or ports tried
    RATE = "rate"  # much in little time; does not corroborate FANOUT, nor the other way round
    FAILURE = "failure"  # the same thing failing again and again
    BEACON = "beacon"  # regularity
    PORT = "port"  # an unusual port or protocol
    VOLUME = "volume"
    AUTH = "auth"
    DNS = "dns"
    TUNNEL = "tunnel"
    LATERAL = "lateral"
    IDENTITY = "identity"  # ARP, DHCP, new devices
    INTEL = "intel"  # lists of known bad
    MODEL = "model"  # a learnt baseline disagrees
    SENSOR = "sensor"


class Term(msgspec.Struct, frozen=True, array_like=True):
    """One reason inside a signal, with what it adds to the weight."""

    name: str  # "timing", "rare", ... as in detect/weights.py
    weight: float  # half decisions; negative speaks for innocence
    text: str  # "96 contacts, one every 300 s"


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence. Times in s since the epoch (packet time).

    weight : sum of the terms, in half decisions: 2.3 alone is worth a low alert, 3.6 a high one
    limit : the device's score counts no more than this through this signal, whatever agrees
    solo_limit : the same while no other family agrees
    """

    ts_s: float  # when the evidence was complete
    first_s: float
    last_s: float
    rule: str  # the function that said it: "vertical_scan"
    kind: str  # KINDS
    family: Family
    host: Address  # whose behaviour this is: the scanner, the infected machine
    peer: Address | None = None  # the most telling other end
    peers: tuple[str, ...] = ()  # further ends, at most 4, as text
    peer_name: str = ""  # DNS, SNI or HTTP name of the peer
    port: int = 0
    proto: int = 0  # IP protocol number
    weight: float
    confidence: float = 1.0  # 0..1, how sure the measurement is (few samples: less)
    terms: tuple[Term, ...] = ()
    sentence: str = (
        ""  # what happened, with numbers, without the host's name: "tried 812 ports of ..."
    )
    count: int = 1  # contacts, ports, targets ... so far; drives re-reporting by decades
    limit: float = 99.0
    solo_limit: float = 99.0
    per_peer: bool = False  # an alert for each peer, not one for the host and kind
    half_life_s: float = 86_400.0  # how fast it loses weight once it is over
    inside: bool = True  # the host is one of ours


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A signal as an alert shows it."""

    rule: str
    family: str
    ts: float  # s since the epoch
    weight: float
    sentence: str
    peer: str = ""
    peer_name: str = ""
    port: int = 0
    proto: str = ""
    count: int = 1
    terms: tuple[Term, ...] = ()


class Visibility(msgspec.Struct, frozen=True, kw_only=True):
    """What the sensor could not see at a moment; all zero = it saw everything it can see."""

    dropped: int = 0  # frames or flows lost in the last window
    lost_share: float = 0.0  # of all frames in the last window, 0..1
    one_sided_share: float = 0.0  # of TCP flows with payload in one direction only, 0..1
    clock_steps: int = 0  # in the last window
    note: str = ""  # one sentence for people; "" if nothing was missed


class Alert(msgspec.Struct, kw_only=True):
    """One detection, as people see it. Times in s since the epoch. The public form: JSON keys."""

    id: str  # "A" and 12 letters and digits; stable in a replay
    ts: float  # when it was raised
    first_seen: float
    last_seen: float
    kind: str
    severity: str
    confidence: float
    host: str  # address
    device: str = ""  # name of the device, or its MAC; "" unknown
    peer: str = ""
    peers: tuple[str, ...] = ()  # more of them
    peer_name: str = ""
    peer_org: str = ""
    peer_country: str = ""
    port: int = 0
    proto: str = ""
    title: str = ""  # "Port scan", "Beacon" ...
    summary: str = ""  # one plain sentence with host, peer, when and numbers
    advice: str = ""  # what to do
    evidence: list[Evidence] = []  # strongest first, at most 12
    technique: str = ""  # MITRE ATT&CK id
    technique_name: str = ""
    score: float = 0.0
    count: int = 1  # how often the evidence came
    state: str = "open"
    muted_by: int = 0  # the mute that holds it back, 0 none
    incident: str = ""  # "INC-" and a number
    sensor: str = ""
    visibility: Visibility = Visibility()
    acknowledged_by: str = ""
    comment: str = ""


class Incident(msgspec.Struct, kw_only=True):
    """Alerts that belong to one story: one device, close in time."""

    id: str  # "INC-1001"
    title: str
    severity: str  # the worst of its alerts
    score: float
    host: str
    device: str = ""
    first_seen: float = 0.0
    last_seen: float = 0.0
    kinds: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()  # ids
    timeline: list[tuple[float, str]] = []  # (s since the epoch, sentence), at most 50
    state: str = "open"


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts shall be held back. Every field that is set must match; "" and 0 match all."""

    id: int = 0
    host: str = ""  # address or CIDR
    device: str = ""  # a device's MAC or name, so that the mute outlives its address
    kind: str = ""
    peer: str = ""  # address or CIDR
    peer_name: str = ""  # a name or, with a leading dot, everything below it
    asn: int = 0
    port: int = 0
    created: float = 0.0
    expires: float = 0.0  # 0 = never
    created_by: str = ""
    reason: str = ""
    used: int = 0  # how often it held something back


class AlertChange(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an alert, for those who pass it on."""

    what: (
        str  # raised, escalated (severity rose), recurring (another decade), closed, muted, changed
    )
    alert: Alert
    incident: Incident | None = None
