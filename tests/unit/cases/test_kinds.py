import pytest

from appliance.cases.kinds import describe, fade_s, rank
from appliance.model.alert import KINDS, SEVERITIES, Family


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_title(kind: str) -> None:
    assert describe(kind).title[0].isupper()
    assert "_" not in describe(kind).title


def test_an_unknown_kind_is_a_plain_one() -> None:
    assert describe("odd_thing").title == "Odd thing"
    assert describe("odd_thing").fold == ""


def test_what_needs_history_keeps_quiet_while_learning() -> None:
    learning = {kind for kind in KINDS if describe(kind).learns}
    assert learning == {"new_device", "flow_anomaly", "host_anomaly"}
    assert {kind for kind in KINDS if describe(kind).unsure} == {"flow_anomaly", "host_anomaly"}


def test_severities_have_an_order() -> None:
    assert [rank(severity) for severity in SEVERITIES] == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError):
        rank("loud")


def test_quick_evidence_fades_quickly() -> None:
    assert fade_s(Family.FANOUT) == 7_200.0
    assert fade_s("beacon") == 86_400.0
    assert fade_s("") == 86_400.0
