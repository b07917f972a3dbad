"""What a DNS name says by its form: the registered domain, and whether somebody thought it up."""

# Second-level labels under which countries register names.
_SECOND = frozenset(
    {
        "ac", "asso", "co", "com", "ed", "edu", "gob", "gouv", "gov", "govt", "gv", "id", "info",
        "ltd", "me", "mil", "mod", "ne", "net", "nhs", "nom", "or", "org", "plc", "police", "sch",
        "web",
    }
)  # fmt: skip
# Where anybody may have a name: each is a customer of its own.
_SHARED = frozenset(
    {
        "blogspot.com", "ddns.net", "duckdns.org", "dyndns.org", "dynu.net", "github.io",
        "herokuapp.com", "hopto.org", "myftp.org", "no-ip.biz", "no-ip.org", "sytes.net",
        "workers.dev", "zapto.org",
    }
)  # fmt: skip
# Top labels of names that are never registered.
_LOCAL = frozenset(
    {
        "arpa", "belkin", "corp", "dlink", "domain", "home", "host", "internal", "intranet", "lan",
        "local", "localdomain", "localhost", "onion", "private", "router", "test", "workgroup",
    }
)  # fmt: skip

# By first letter: the second letters that make up 93 % of the pairs in the words of company names
# (registries of network cards and autonomous systems). Of drawn letters 40 % are such pairs.
_USUAL = {
    "a": "bcdefghiklmnoprstuvwxyz", "b": "aeiloru", "c": "aehiklorstu", "d": "aeiorsu",
    "e": "abcdefghiklmnoprstuvwxy", "f": "aeilortu", "g": "aehilorsu", "h": "aeinortu",
    "i": "abcdefgklmnoprstuvxyz", "j": "aeio", "k": "aehiorstuy", "l": "adeilostuy",
    "m": "abeimopu", "n": "acdefgiknostuy", "o": "abcdefgiklmnoprstuvwx", "p": "aehilortu",
    "q": "u", "r": "abcdegiklmnorstuvy", "s": "acehiklmopstuy", "t": "acehiorstuwy",
    "u": "abcdeiklmnprst", "v": "aeio", "w": "aeio", "x": "i", "y": "aenostu", "z": "aehio",
}  # fmt: skip
_PAIRS = frozenset(first + second for first, seconds in _USUAL.items() for second in seconds)

DRAWN_CHARACTERS = 7  # shorter labels are abbreviations as often as not
DRAWN_SHARE = 0.56  # of usual pairs; below it a label looks drawn


def registered_domain(name: str) -> str:
    """Return what somebody registered: the last two labels, three below "co.uk" and its like.

    A small built-in rule: three where the last label has two letters and the one before is among
    the usual second levels, or where the last two are a service that gives names away.
    "" for single labels, reverse zones and names that are never registered.
    """
    labels = name.rsplit(".", 3)
    if len(labels) < 2 or labels[-1] in _LOCAL or not has_top_label(name):
        return ""
    deep = len(labels[-1]) == 2 and labels[-2] in _SECOND
    if deep or f"{labels[-2]}.{labels[-1]}" in _SHARED:
        return ".".join(labels[-3:]) if len(labels) > 2 else ""
    return f"{labels[-2]}.{labels[-1]}"


def has_top_label(name: str) -> bool:
    """Tell whether the last label could be a top-level domain: letters, or an international one."""
    top = name.rpartition(".")[2]
    return (top.isalpha() and 2 <= len(top) <= 18) or top.startswith("xn--")


def usual_share(label: str) -> float:
    """Return the share of usual letter pairs in a label, 0..1; digits make unusual pairs."""
    pairs = [label[i : i + 2] for i in range(len(label) - 1)]
    return sum(pair in _PAIRS for pair in pairs) / len(pairs) if pairs else 1.0


def looks_drawn(domain: str) -> bool:
    """Tell whether the first label of a registered domain looks like drawn letters."""
    label = domain.split(".", 1)[0]
    if len(label) < DRAWN_CHARACTERS or label.startswith("xn--"):
        return False
    return usual_share(label.replace("-", "")) < DRAWN_SHARE
