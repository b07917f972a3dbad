"""Guessing of passwords: many short, equal sessions, whatever the port.

A guess is a handshake, a name, a password and a refusal: the same few bytes each time. Programs
that reconnect for each task look alike on some ports, so these ask for more sessions.
"""

from math import log2

from appliance.detect.burst import count_recent
from appliance.detect.pair import TCP, Pair
from appliance.detect.portkinds import CHATTY, DATABASES, LOGINS, MAIL, SILENT, WEB
from appliance.detect.tally import Tally, say_bytes, say_end, say_time
from appliance.detect.weights_pairs import BruteForceWeights
from appliance.model.alert import Family, Signal
from appliance.model.flow import Direction

WINDOW_S = 300.0
LOGIN_SERVICES = frozenset({"ssh", "ftp", "rdp", "vnc", "socks"})
_CHATTY_SERVICES = frozenset({"smb", "ldap", "krb", "rpc", "mysql", "postgres", "smtp"})
_MAIL_SERVICES = frozenset({"imap", "pop3"})
# Protocols in which a session is a page, a message or a reading, not a login.
_NO_LOGIN = frozenset(
    {
        "http", "tls", "quic", "dns", "dhcp", "mdns", "ntp", "mqtt", "sip", "snmp", "syslog",
        "modbus", "dnp3", "radius", "irc",
    }
)  # fmt: skip


def judge_guessing(pair: Pair, w: BruteForceWeights) -> Signal | None:
    """Return a signal if one end opens sessions to the other as a guesser of passwords does."""
    contact = pair.contact
    needed = _sessions_needed(pair, w)
    if contact.proto != TCP or needed <= 0:
        return None
    sessions = count_recent(pair, WINDOW_S)
    if sessions < needed or not _looks_like_guesses(pair, w):
        return None
    tally = Tally()
    tally.add("guesses", w.base, f"{sessions:.0f} short equal sessions in 5 min")
    more = w.per_doubling * log2(sessions / needed)
    tally.add("often", min(w.most_doublings, more), f"{sessions / needed:.1f} times the limit")
    if needed == w.any_sessions:
        tally.add("port", w.any_port, f"nothing tells that port {contact.port} is for logins")
    if pair.known_days > 0:
        tally.add("habit", w.habit_known, "the same on an earlier day")
    rhythm = pair.rhythm
    where = f"{pair.service} at {say_end(pair)}" if pair.service else say_end(pair)
    return tally.signal(
        pair,
        "password_guessing",
        "brute_force",
        Family.AUTH,
        sentence=(
            f"{sessions:.0f} short sessions with {where} in 5 min, all alike: about "
            f"{say_bytes(rhythm.out)} out, {say_bytes(rhythm.in_)} back, "
            f"{say_time(rhythm.duration)} each"
        ),
        per_peer=True,
        half_life_s=7_200.0,
    )


def _sessions_needed(pair: Pair, w: BruteForceWeights) -> float:
    """Return how many sessions in five minutes are too many on this port; 0 = no number is."""
    port, service = pair.contact.port, pair.service
    if service in LOGIN_SERVICES or (not service and port in LOGINS):
        return w.sessions
    if service in _MAIL_SERVICES or (port in MAIL and not service):
        return w.mail_sessions
    if service in _CHATTY_SERVICES or (not service and port in CHATTY):
        return w.chatty_sessions
    if service in _NO_LOGIN or port in WEB or port in SILENT:
        return 0.0
    # Something unknown outside is judged as a burst: a guess at its meaning would be one.
    return 0.0 if pair.contact.direction == Direction.OUTBOUND else w.any_sessions


def _looks_like_guesses(pair: Pair, w: BruteForceWeights) -> bool:
    rhythm = pair.rhythm
    database = pair.contact.port in DATABASES
    most_answer = w.most_database_bytes if database else w.most_answer_bytes
    if rhythm.talks_300 < w.talk_share * rhythm.recent_300 or rhythm.duration > w.most_duration_s:
        return False
    if not 0 < rhythm.out <= w.most_request_bytes or not 0 < rhythm.in_ <= most_answer:
        return False
    if pair.service == "ssh" and not (
        rhythm.out >= w.least_ssh_bytes and rhythm.in_ <= w.most_ssh_bytes
    ):
        return False
    return _is_narrow(rhythm.out, rhythm.out_mad, w) and _is_narrow(rhythm.in_, rhythm.in_mad, w)


def _is_narrow(middle: float, spread: float, w: BruteForceWeights) -> bool:
    return spread <= max(w.spread * middle, w.spread_bytes)
