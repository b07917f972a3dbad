import msgspec
import pytest

from appliance.detect.weightgroup import Group, list_weights, override
from appliance.errors import ConfigError


class Small(Group, frozen=True, kw_only=True):
    near: float = 1.0
    far: float = -2.0


class Table(msgspec.Struct, frozen=True, kw_only=True):
    one: Small = Small()
    two: Small = Small()


def test_constants_are_named_by_group() -> None:
    assert list(list_weights(Table())) == ["one.near", "one.far", "two.near", "two.far"]


def test_change_reaches_one_constant_alone() -> None:
    changed = override(Table(), ("two.far=3.5", " one.near = 0 "))
    assert list_weights(changed) == {
        "one.near": 0.0, "one.far": -2.0, "two.near": 1.0, "two.far": 3.5,
    }  # fmt: skip
    assert list_weights(Table())["two.far"] == -2.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one.near", "not of the form"),
        ("one.none=1", 'no "one.none"'),
        ("near=1", 'no "near"'),
        ("one.near=much", '"much" is no number'),
        ("one.near=", '"" is no number'),
        ("one.near=nan", "is no number"),
        ("one.near=inf", "is no number"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_key(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        override(Table(), (text,))
    assert str(caught.value).startswith("detect.weights: ")
