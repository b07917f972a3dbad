"""How a contact stands among all others, the obvious way: one Python loop over records."""

from typing import Any

from appliance.model.contact import CONTACT_JUDGED


def peer_of(contact: Any) -> tuple[int, int]:
    side = "orig" if contact["direction"] == 2 else "resp"
    return int(contact[f"{side}_hi"]), int(contact[f"{side}_lo"])


def mean(contact: Any, name: str) -> float:
    return float(contact[name]) / int(contact["contacts"])


def is_clone(one: Any, other: Any) -> bool:
    if other["contacts"] < 3 or one["contacts"] == 0:
        return False
    out, back = mean(one, "out"), mean(one, "in")
    return (
        abs(out - mean(other, "out")) <= 0.1 * out + 10
        and abs(back - mean(other, "in")) <= 0.25 * back + 20
    )


def survey(contacts: Any, row: int) -> dict[str, int]:
    """Return the fields of SURVEY_DTYPE by name."""
    own = contacts[row]
    same = [c for c in contacts if c["live"] and c["direction"] == own["direction"]]
    users = {int(c["host"]) for c in same if c["answered"] and peer_of(c) == peer_of(own)}
    net = {int(c["host"]) for c in same if c["answered"] and c["net"] == own["net"]}
    mine = [c for c in same if c["host"] == own["host"]]
    others = [c for c in mine if peer_of(c) != peer_of(own)]
    port = [c for c in others if c["port"] == own["port"] and c["proto"] == own["proto"]]
    wide = [c for c in port if c["wide"] == own["wide"] and c["answered"]]
    return {
        "users": len(users),
        "net_users": len(net),
        "siblings": sum(c["net"] == own["net"] for c in wide),
        "wide_siblings": len(wide),
        "clones": sum(is_clone(own, c) for c in port),
        "peers": len(mine),
        "regular": sum(bool(c["bits"] & CONTACT_JUDGED) and c["score"] > -9 for c in others),
        "odd": sum(c["answered"] > 0 and c["port"] >= 1024 and not c["service"] for c in others),
    }
