"""What is particular to each kind of alert: its title, how it folds, when it keeps quiet."""

from typing import NamedTuple

from appliance.model.alert import KINDS, SEVERITIES, Family, Severity


class Kind(NamedTuple):
    """The habits of one kind."""

    title: str
    fold: str = ""  # kinds with one word here, about one peer, are one alert; "" = by itself
    severity: Severity | None = None  # always this one, whatever the score; None = by the score
    learns: bool = False  # knows what is new or unusual only after the learning period
    unsure: bool = False  # says nothing while the sensor is partly blind


# Five ways in which one machine talks again and again to one address: one thing to look at.
CONTACT = "contact"

_KINDS: dict[str, Kind] = {
    "port_scan": Kind("Port scan"),
    "host_sweep": Kind("Search for hosts"),
    "brute_force": Kind("Password guessing"),
    "flood": Kind("Flood", CONTACT),
    "exfiltration": Kind("Large upload"),
    "beacon": Kind("Regular calls", CONTACT),
    "call_home": Kind("Calls that nobody answers", CONTACT),
    "odd_service": Kind("Unusual service", CONTACT),
    "dga": Kind("Names that do not exist"),
    "dns_tunnel": Kind("Data inside DNS"),
    "icmp_tunnel": Kind("Data inside pings"),
    "lateral_movement": Kind("Remote access between our hosts"),
    "arp_spoof": Kind("Address taken over"),
    "dhcp_flood": Kind("DHCP flood"),
    "new_device": Kind("New device", severity=Severity.INFO, learns=True),
    "threat_intel": Kind("Contact with a listed address"),
    "login_anomaly": Kind("Unusual logins"),
    "flow_anomaly": Kind("Unusual connection", learns=True, unsure=True),
    "host_anomaly": Kind("Unusual behaviour", learns=True, unsure=True),
    "log_alert": Kind("Alert from a log"),
    "sensor_blind": Kind("Sensor could not see", severity=Severity.MEDIUM),
}
assert set(_KINDS) == set(KINDS)

# What a person who calls one of these expected means by all three.
HABITS = frozenset({"beacon", "call_home", "odd_service"})

# For evidence read back from the store: how fast it fades, where no signal says so.
QUICK = frozenset({Family.FANOUT, Family.RATE, Family.DNS, Family.AUTH})
QUICK_S = 7_200.0
SLOW_S = 86_400.0

_RANKS = {severity.value: rank for rank, severity in enumerate(SEVERITIES)}


def describe(kind: str) -> Kind:
    """Return the habits of a kind; those of a plain one for a kind that is not in the table."""
    return _KINDS.get(kind) or Kind(kind.replace("_", " ").capitalize())


def rank(severity: str) -> int:
    """Return 0 (info) to 4 (critical). Raises KeyError for anything else."""
    return _RANKS[severity]


def fade_s(family: str) -> float:
    """Return the half-life that evidence of a family has where nobody said another."""
    return QUICK_S if family in QUICK else SLOW_S
