"""Alerts in the journal: one entry each, with fields that journalctl can select.

Through systemd-python where it is there (extra `journald`), else in the journal's own datagram
protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). Never waits: when the journal does not take
an entry at once it is counted and dropped; the store has the alert.
"""

import select
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from appliance.model.alert import Alert, AlertChange

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "appliance"
MAX_VALUE = 2_000  # characters of one field; the text of an alert stays far below

# syslog(3): notice is what people should see, info what they may
_PRIORITIES = {"info": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}
_TOLD = frozenset({"raised", "escalated", "recurring"})

# One per kind, for ever: catalogues, filters and other people's scripts hold them.
MESSAGE_IDS: dict[str, str] = {
    "port_scan": "680ac482f2aa4a339837c1d2f88c5264",
    "host_sweep": "7d4557e0f23e485caf7a0a03ca731a75",
    "brute_force": "02b5138ebf874ce189fdf3789ffed649",
    "flood": "3f0d6af9d1a74e08b65a787e70a743fb",
    "exfiltration": "9436eea7a4034fa2add4880aae77a608",
    "beacon": "0c34f18d4dd7477a9626090af3431d67",
    "call_home": "2deebb8890bc4480a9efe518835fb417",
    "odd_service": "b662f0366bfe49dd9918354fd64e2eea",
    "dga": "77d6df201bad4c5c8a729e17c170f16e",
    "dns_tunnel": "92330c1c0b6e4494ad9e62e617f17d07",
    "icmp_tunnel": "0416b077c2444eebb7271d2055aa8a19",
    "lateral_movement": "eabd59a589174bd8a5f2bca3e9a3915f",
    "arp_spoof": "0dec072b391e4662beb2f1c7f4db18fe",
    "dhcp_flood": "5949123d9061443694f33a85a55b3096",
    "new_device": "837ead5e6411455ba108a6d217cb7baf",
    "threat_intel": "3b38f4b229184b12ba39fb10aa55198d",
    "login_anomaly": "53743956b5814662a04499dd1912840c",
    "flow_anomaly": "6779ca8fd4954d14a5e80be03f4b4bd2",
    "host_anomaly": "b6e009582a2d446b92f72afd02252b4f",
    "log_alert": "d69197069e88419d96f18136e5394f2b",
    "sensor_blind": "643884625e344239b567b78cc7278473",
}
OTHER_MESSAGE_ID = "97225dc103b9494c909c7a6692c4ddb6"

Send = Callable[..., Any]


class JournalStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start."""

    written: int = 0
    refused: int = 0  # the journal was there and did not take it at once
    absent: int = 0  # there was no journal


class JournalNotifier:
    """Writes alerts to the journal.

    path : of the journal's socket.  send : systemd.journal.send or its like, used while the socket
    takes more; None = write to the socket ourselves
    """

    def __init__(self, path: str = SOCKET, send: Send | None = None) -> None:
        self._path = path
        self._send = send
        self._written = 0
        self._refused = 0
        self._absent = 0

    def notify(self, changes: Iterable[AlertChange]) -> int:
        """Write an entry for each alert raised, escalated or recurring; return how many."""
        written = 0
        for change in changes:
            if change.what in _TOLD:
                written += self._write(make_fields(change))
        self._written += written
        return written

    def statistics(self) -> JournalStatistics:
        """Return the counters."""
        return JournalStatistics(written=self._written, refused=self._refused, absent=self._absent)

    def _write(self, fields: dict[str, str]) -> bool:
        """Write one entry, if the journal takes it now; never raises."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.connect(self._path)
                if self._send is None:
                    sender.send(encode(fields))
                elif _takes_more(sender):
                    # systemd's own socket blocks; ours has just seen that there is room
                    self._send(fields["MESSAGE"], **_without_message(fields))
                else:
                    self._refused += 1
                    return False
        except (FileNotFoundError, ConnectionRefusedError):
            self._absent += 1
            return False
        except OSError:  # full, or too long
            self._refused += 1
            return False
        return True


def open_journal(path: str = SOCKET) -> JournalNotifier:
    """Return a notifier that uses systemd-python if it is installed."""
    try:
        # an optional extra
        from systemd.journal import send  # noqa: PLC0415
    except ImportError:
        return JournalNotifier(path)
    return JournalNotifier(path, send)


def is_journal_there(path: str = SOCKET) -> bool:
    """Tell whether a journal listens here."""
    return Path(path).is_socket()


def make_fields(change: AlertChange) -> dict[str, str]:
    """Return the fields of an entry; empty ones are left out. Every value is one printable line."""
    alert = change.alert
    fields = {
        "MESSAGE": alert.summary or alert.title or alert.kind,
        "MESSAGE_ID": MESSAGE_IDS.get(alert.kind, OTHER_MESSAGE_ID),
        "PRIORITY": str(_PRIORITIES.get(alert.severity, 5)),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "APPLIANCE_EVENT": change.what,
        **{f"APPLIANCE_{name}": value for name, value in _list_facts(alert)},
    }
    cleaned = {name: _clean(value) for name, value in fields.items()}
    return {name: value for name, value in cleaned.items() if value}


def encode(fields: dict[str, str]) -> bytes:
    """Return the datagram of an entry. Values must not hold line breaks, as from make_fields."""
    return "".join(f"{name}={value}\n" for name, value in fields.items()).encode("utf-8", "replace")


def _list_facts(alert: Alert) -> list[tuple[str, str]]:
    return [
        ("KIND", alert.kind),
        ("SEVERITY", alert.severity),
        ("CONFIDENCE", f"{alert.confidence:.2f}"),
        ("SCORE", f"{alert.score:.2f}"),
        ("ALERT", alert.id),
        ("INCIDENT", alert.incident),
        ("STATE", alert.state),
        ("HOST", alert.host),
        ("DEVICE", alert.device),
        ("PEER", alert.peer),
        ("PEER_NAME", alert.peer_name),
        ("PEER_ORG", alert.peer_org),
        ("PEER_COUNTRY", alert.peer_country),
        ("PEERS", " ".join(alert.peers)),
        ("PORT", str(alert.port or "")),
        ("PROTO", alert.proto),
        ("TECHNIQUE", alert.technique),
        ("TECHNIQUE_NAME", alert.technique_name),
        ("COUNT", str(alert.count)),
        ("FIRST_SEEN", f"{alert.first_seen:.6f}"),
        ("LAST_SEEN", f"{alert.last_seen:.6f}"),
        ("TITLE", alert.title),
        ("ADVICE", alert.advice),
        ("RULES", " ".join(dict.fromkeys(piece.rule for piece in alert.evidence))),
        ("VISIBILITY", alert.visibility.note),
        ("SENSOR", alert.sensor),
    ]


def _clean(text: str) -> str:
    """Return printable text on one line: a line break would begin a field of its own."""
    kept = "".join(c if c.isprintable() else " " for c in text[:MAX_VALUE])
    return " ".join(kept.split())


def _takes_more(sender: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sender, select.POLLOUT)
    return bool(poll.poll(0))


def _without_message(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name != "MESSAGE"}
