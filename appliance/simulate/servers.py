"""Whom the simulated office talks to, beyond the demonstration's services.

Addresses lie where their kind of owner is at home, so that geography and owners come out right; the
attackers' lie in documentation and unlikely ranges. They are only ever bytes of synthetic frames.
"""

from appliance.simulate.office import server

MAIL = server("imap.mailbox.example", "80.241.60.199", 14)
PUSH = server("mtalk.google.com", "142.250.27.188", 12)
CHAT = server("edge-chat.messenger.example", "157.240.27.55", 13)
UPDATES = server("definitionupdates.microsoft.com", "23.53.42.178", 10)
TELEMETRY = server("v10.events.data.microsoft.com", "20.189.173.12", 24)
OCSP = server("ocsp.digicert.com", "192.229.221.95", 9)
ANTIVIRUS = server("ts-ocsp.ws.symantec.com", "152.195.50.149", 11)
BULBS = server("mqtt-eu.bulbcloud.example", "3.122.40.17", 26)
CAMERAS = server("p2p.cameracloud.example", "47.254.131.8", 30)
VOICE = server("avs-alexa-4-na.amazon.com", "52.94.240.157", 29)
TELEVISION = server("log-ingestion-eu.samsungacr.com", "34.248.33.20", 28)
BACKUP = server("f003.backblazeb2.com", "104.153.233.177", 90)
WEATHER = server("api.openweathermap.org", "38.89.70.156", 95)
FEEDS = server("feeds.newspaper.example", "185.15.58.10", 16)

# many small sites, some of which never answer: what pages load
SITES = tuple(
    server(
        f"site{n:03d}.example",
        f"{23 + n % 160}.{(n * 37) % 250}.{(n * 91) % 250}.{10 + n}",
        10 + n % 90,
    )
    for n in range(120)
)
TRACKERS = tuple(
    server(f"t{n}.tracker.example", f"{64 + n}.{(n * 13) % 250}.{(n * 7) % 250}.{200 - n}", 25)
    for n in range(16)
)
