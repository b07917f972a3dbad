"""Whom the simulated office talks to, beyond the demonstration's services.

Addresses lie where their kind of owner is at home, so that geography and owners come out right; the
attackers' lie in documentation and unlikely ranges. They are only ever bytes of synthetic frames.
"""

import random
from ipaddress import IPv4Address

from appliance.simulate.office import server

MAIL = server("imap.mailbox.example", "80.241.60.199", 14)
PUSH = server("mtalk.google.com", "142.250.27.188", 12)
CHAT = server("edge-chat.messenger.example", "157.240.27.55", 13)
UPDATES = server("definitionupdates.microsoft.com", "23.53.42.178", 10)
TELEMETRY = server("v10.events.data.microsoft.com", "20.189.173.12", 24)
OCSP = server("ocsp.digicert.com", "192.229.221.95", 9)
BULBS = server("mqtt-eu.bulbcloud.example", "3.122.40.17", 26)
CAMERAS = server("p2p.cameracloud.example", "47.254.131.8", 30)
VOICE = server("avs-alexa-4-na.amazon.com", "52.94.240.157", 29)
TELEVISION = server("log-ingestion-eu.samsungacr.com", "34.248.33.20", 28)
BACKUP = server("f003.backblazeb2.com", "104.153.233.177", 90)
WEATHER = server("api.openweathermap.org", "38.89.70.156", 95)
FEEDS = server("feeds.newspaper.example", "185.15.58.10", 16)

VPN = server("vpn.headquarters.example", "185.21.101.44", 18)
PARTNER = server("nas.branch.example", "217.160.72.9", 22)
HASHES = server("gti-lookup.antivirus.example", "161.69.29.241", 20)
ADVERTS = tuple(
    server(name, ip, rtt_ms)
    for name, ip, rtt_ms in (
        ("ads.samsung.com", "52.30.91.18", 27),
        ("config.samsungads.com", "54.77.202.51", 27),
        ("lcprd1.samsungcloudsolution.net", "34.253.12.77", 28),
        ("metrics.streaming.example", "44.240.118.9", 150),
    )
)
ROLL_CALL = server("p2p-lobby.console.example", "35.71.118.2", 31)

# many small sites, some of which never answer: what pages load
_FIRST = [octet for octet in range(23, 172) if octet not in {100, 127, 169}]  # all routed
SITES = tuple(
    server(
        f"site{n:03d}.example",
        f"{_FIRST[n]}.{(n * 37) % 250}.{(n * 91) % 250}.{10 + n}",
        10 + n % 90,
    )
    for n in range(120)
)
TRACKERS = tuple(
    server(f"t{n}.tracker.example", f"{64 + n}.{(n * 13) % 250}.{(n * 7) % 250}.{200 - n}", 25)
    for n in range(16)
)
# who takes mail for other domains
EXCHANGES = tuple(
    server(f"mx.domain{n:02d}.example", f"{193 + n % 3}.{20 + n}.{(n * 53) % 250}.25", 15 + n)
    for n in range(40)
)


def stranger(rng: random.Random) -> bytes:
    """Return some address on the Internet."""
    while True:
        ip = bytes((rng.randint(1, 223), *rng.randbytes(3)))
        if IPv4Address(ip).is_global:
            return ip
