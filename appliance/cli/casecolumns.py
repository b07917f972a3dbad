"""What is shown of alerts, incidents and mutes."""

from collections.abc import Iterator
from typing import Any

from appliance.cli.columns import format_time
from appliance.cli.output import Column, Row, clean


def _peer(row: Row) -> str:
    name = row["peer_name"] or row["peer"]
    if not name:
        return ""
    return f"{name} {row['proto']}/{row['port']}" if row["port"] else str(name)


ALERT_COLUMNS = (
    Column("ID", lambda row: row["id"]),
    Column("RAISED", lambda row: format_time(row["ts"]), rank=2),
    Column("SEVERITY", lambda row: row["severity"]),
    Column("STATE", lambda row: row["state"], rank=4),
    Column("KIND", lambda row: row["kind"]),
    Column("HOST", lambda row: row["device"] or row["host"], least=15),
    Column("PEER", _peer, least=15, rank=5),
    Column("COUNT", lambda row: str(row["count"]), right=True, rank=6),
    Column("INCIDENT", lambda row: row["incident"], rank=7),
    Column("SUMMARY", lambda row: row["summary"], least=20, rank=3),
)

INCIDENT_COLUMNS = (
    Column("ID", lambda row: row["id"]),
    Column("LAST SEEN", lambda row: format_time(row["last_seen"]), rank=2),
    Column("SEVERITY", lambda row: row["severity"]),
    Column("STATE", lambda row: row["state"], rank=3),
    Column("HOST", lambda row: row["device"] or row["host"], least=15),
    Column("ALERTS", lambda row: str(len(row["alerts"])), right=True, rank=4),
    Column("TITLE", lambda row: row["title"], least=20),
)

_FIELDS = ("kind", "host", "device", "peer", "peer_name", "asn", "port")


def describe_mute(mute: Row) -> str:
    """Return what a mute matches, such as "kind=beacon device=nas-2"."""
    return " ".join(f"{name}={mute[name]}" for name in _FIELDS if mute[name])


OPINION_COLUMNS = (
    Column("HOST", lambda row: row["host"]),
    Column("WINDOW", lambda row: format_time(row["start"]), rank=4),
    Column("SCORE", lambda row: f"{row['score']:.2f}", right=True),
    Column("EVIDENCE", lambda row: f"{row['evidence']:.2f}", right=True, rank=3),
    Column("MODEL", lambda row: f"{row['model']:.2f}" if row["model"] >= 0 else "", rank=2),
    Column("WHY", lambda row: "; ".join(row["reasons"]), least=20, rank=5),
)


def _use(row: Row) -> str:
    if row["active"]:
        return "in use"
    return "former" if row["promoted"] else "not used"


MODEL_COLUMNS = (
    Column("VERSION", lambda row: str(row["version"]), right=True),
    Column("OF", lambda row: row["name"]),
    Column("STATE", _use),
    Column("TRAINED", lambda row: format_time(row["created"]), rank=3),
    Column("ROWS", lambda row: str(row["rows"]), right=True, rank=4),
    Column("NOTE", lambda row: row["note"], least=20, rank=2),
)

MUTE_COLUMNS = (
    Column("ID", lambda row: str(row["id"]), right=True),
    Column("MATCHES", describe_mute, least=20),
    Column("UNTIL", lambda row: format_time(row["expires"]) if row["expires"] else "for ever"),
    Column("USED", lambda row: str(row["used"]), right=True),
    Column("BY", lambda row: row["created_by"], rank=2),
    Column("REASON", lambda row: row["reason"], least=12, rank=1),
)


def describe_alert(alert: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of `appliance alerts show`."""
    pairs = (
        ("alert", f"{alert['id']}, {alert['severity']}, {alert['state']}"),
        ("", alert["summary"]),
        ("kind", f"{alert['kind']} ({alert['technique']} {alert['technique_name']})"),
        ("host", " ".join(filter(None, (alert["device"], alert["host"])))),
        ("peer", _peer(alert)),
        ("of", " ".join(filter(None, (alert["peer_org"], alert["peer_country"])))),
        ("seen", f"{format_time(alert['first_seen'])} to {format_time(alert['last_seen'])}"),
        ("count", str(alert["count"])),
        ("score", f"{alert['score']:.1f}, confidence {alert['confidence']:.0%}"),
        ("incident", alert["incident"]),
        ("not seen", alert["visibility"]["note"]),
        ("by", alert["acknowledged_by"]),
        ("comment", alert["comment"]),
        ("to do", alert["advice"]),
    )
    yield from _lines(pairs)
    for evidence in alert["evidence"]:
        yield clean(f"  {evidence['weight']:+5.1f}  {evidence['rule']}: {evidence['sentence']}")
        for _, weight, text in evidence["terms"]:
            yield clean(f"         {weight:+5.1f}  {text}")


def describe_incident(incident: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of `appliance incidents show`."""
    pairs = (
        ("incident", f"{incident['id']}, {incident['severity']}, {incident['state']}"),
        ("", incident["title"]),
        ("host", " ".join(filter(None, (incident["device"], incident["host"])))),
        ("seen", f"{format_time(incident['first_seen'])} to {format_time(incident['last_seen'])}"),
        ("score", f"{incident['score']:.1f}"),
        ("alerts", " ".join(incident["alerts"])),
    )
    yield from _lines(pairs)
    for moment, sentence in incident["timeline"]:
        yield clean(f"  {format_time(moment)}  {sentence}")


def describe_proposals(proposals: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each mute that fits an alert."""
    for number, proposal in enumerate(proposals):
        mute = proposal["mute"]
        head = f"mute {mute['id']} is in force" if mute["id"] else f"choice {number}"
        yield clean(f"{head}: {describe_mute(mute)}; {describe_preview(proposal['preview'])}")


def describe_preview(preview: dict[str, Any]) -> str:
    """Return what a mute would have held back, as a sentence."""
    if not preview["matched"]:
        return "would have held nothing back so far"
    levels = ", ".join(f"{count} {level}" for level, count in preview["by_severity"].items())
    sentence = f"would have held back {preview['matched']} alerts"
    sentence += f" ({levels})" if levels else ""
    if preview["real"]:
        sentence += f", {preview['real']} of them called real"
    return sentence


def _lines(pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for title, text in pairs:
        if text:
            yield f"{title:<12}{clean(text)}"
