"""Marks of truth: what people said about an alert when they closed it.

They stand at the beginning of the comment, "real" or "false", and are what thresholds and models
are compared with.
"""

from appliance.model.alert import Alert

REAL = "real"
FALSE = "false"
FADED = "evidence faded"  # closed by itself
GAVE_WAY = "gave way to a clearer one"
CROWDED_OUT = "too many open alerts"


def find_mark(alert: Alert) -> str:
    """Return REAL, FALSE, or "" where nobody said either."""
    if alert.state != "closed":
        return ""
    word = alert.comment.strip().lower().split(" ", 1)[0].rstrip(":,.;")
    return word if word in {REAL, FALSE} else ""
