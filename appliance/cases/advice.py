"""What to do about an alert: what to check first, then what to do if it is not explained."""

_ADVICE: dict[str, str] = {
    "port_scan": (
        "Ask whether somebody ran a scanner or an inventory tool on {host}. If nobody did, take it"
        " off the network and check it for malware."
    ),
    "host_sweep": (
        "Ask whether {host} runs an inventory, a printer search or a backup that looks for hosts."
        " If not, take it off the network and check it for malware."
    ),
    "brute_force": (
        "Check the log of {peer} for a login that worked after the failed ones. Change that"
        " password, and find out who uses {host}."
    ),
    "flood": (
        "Check whether {peer} still answers. If {host} is yours, find the program that sends so"
        " much; if not, ask your provider to filter it."
    ),
    "exfiltration": (
        "Check whether a backup, a share or a move of files explains the upload to {peer}. If not,"
        " disconnect {host} before anything else leaves it."
    ),
    "beacon": (
        "Look up who runs {peer} and which program on {host} calls it; an update or push service"
        " looks the same. If nobody knows it, block the address and see what stops working."
    ),
    "call_home": (
        "Find the program on {host} that keeps calling {peer} without an answer. An old setting of"
        " a service that is gone is harmless; a program nobody knows is not."
    ),
    "odd_service": (
        "Find out what {host} uses at {peer}. If the program is not known, block the address and"
        " check the machine for remote-control software."
    ),
    "dga": (
        "Check which program on {host} asks for these names: a broken app or a blocked tracker"
        " does so too. If random names go on after a restart, check the machine for malware."
    ),
    "dns_tunnel": (
        "Look at the names {host} asks for. If no security product or VPN of yours does this,"
        " take the machine off the network: data leaves inside the questions."
    ),
    "icmp_tunnel": (
        "Pings between {host} and {peer} carry data. If nobody tests the network with them, take"
        " {host} off it and look for a tunnel program."
    ),
    "lateral_movement": (
        "Ask whether an administrator worked from {host}. If not, disconnect it and look at what"
        " was started on the hosts it reached."
    ),
    "arp_spoof": (
        "Find the machine with the hardware address named here; it answers for an address that"
        " belongs to another one. Unplug it unless it is a known failover pair."
    ),
    "dhcp_flood": (
        "Look for the port or access point these requests come from and unplug it; meanwhile check"
        " whether new devices still get addresses."
    ),
    "new_device": "If you know this device, give it a name. If not, find it or keep it out.",
    "threat_intel": (
        "Check which program on {host} contacted {peer} and why it is on the list. Lists hold"
        " mistakes; if nothing explains the contact, check the machine for malware."
    ),
    "login_anomaly": "Ask the owner of the account. If it was not them, change the password.",
    "flow_anomaly": (
        "Compare it with what {host} usually does, shown with the evidence. If no change of"
        " software explains it, watch the machine closely."
    ),
    "host_anomaly": (
        "Compare it with what {host} usually does, shown with the evidence. If no change of"
        " software or of its user explains it, watch the machine closely."
    ),
    "log_alert": "Read the lines of the log and follow what their source says.",
    "sensor_blind": (
        "Check the mirror port, the interface and the load of the sensor. Until then trust no"
        " silence from it."
    ),
}
_OUTSIDE = (
    "Strangers try this all day. Check that nothing is open to the outside that should not be; a"
    " block of {host} lasts only until the next one comes."
)
_COMMON_OUTSIDE = frozenset({"port_scan", "host_sweep", "brute_force", "flood"})


def write_advice(kind: str, host: str, peer: str, *, inside: bool) -> str:
    """Return what to do. host, peer : as people know them; "" if there is no other end."""
    text = _ADVICE.get(kind, "Find out which program on {host} did this.")
    if not inside and kind in _COMMON_OUTSIDE:
        text = _OUTSIDE
    return text.replace("{host}", host or "the host").replace("{peer}", peer or "the other end")
