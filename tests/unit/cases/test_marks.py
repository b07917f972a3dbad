import pytest

from appliance.cases.marks import find_mark
from appliance.model.alert import Alert


@pytest.mark.parametrize(
    ("comment", "mark"),
    [
        ("real", "real"),
        ("Real: reinstalled", "real"),
        ("false, the printer", "false"),
        ("FALSE.", "false"),
        ("  false alarm", "false"),
        ("really odd", ""),
        ("evidence faded", ""),
        ("", ""),
    ],
)
def test_the_first_word_of_a_comment_is_the_mark(comment: str, mark: str) -> None:
    alert = Alert(
        id="A1", ts=0, first_seen=0, last_seen=0, kind="beacon", severity="low", confidence=0.6,
        host="192.168.1.5", state="closed", comment=comment,
    )  # fmt: skip
    assert find_mark(alert) == mark
    alert.state = "open"
    assert find_mark(alert) == ""
