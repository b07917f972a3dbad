from typing import Any

import msgspec
import pytest

from appliance.config.keys import KEYS, SECTIONS, describe, parse_text, suggest
from appliance.config.schema import Config


def test_every_key_of_the_schema_is_known_with_its_default() -> None:
    config = msgspec.to_builtins(Config())
    nested = {k: v for k, v in config.items() if isinstance(v, dict)}
    expected = {f"{s}.{k}": v for s, section in nested.items() for k, v in section.items()}
    expected |= {k: v for k, v in config.items() if k not in nested}
    assert {path: msgspec.to_builtins(key.default) for path, key in KEYS.items()} == expected
    assert set(SECTIONS) == set(nested)


def test_variables_are_distinct() -> None:
    assert len({key.variable for key in KEYS.values()}) == len(KEYS)
    assert KEYS["capture.snaplen"].variable == "APPLIANCE_CAPTURE_SNAPLEN"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("capture.snaplen", "an integer from 96 to 65535"),
        ("capture.retry_s", "a number above 0 up to 86400"),
        ("store.commit_s", "a number from 0.1 up to 300"),
        ("capture.promiscuous", "true or false"),
        ("log.level", "one of debug, error, info, warning"),
        ("network.home", "a list of strings"),
        ("sensor.name", "a string"),
        ("schema_version", "one of 1"),
    ],
)
def test_describe_names_the_bounds(path: str, words: str) -> None:
    assert describe(KEYS[path].kind) == words


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("capture.snaplen", "96", 96),
        ("store.commit_s", "0.5", 0.5),
        ("capture.promiscuous", "T", True),
        ("capture.promiscuous", "False", False),
        ("log.level", "WARNING", "warning"),
        ("schema_version", "1", 1),
        ("capture.interfaces", " eth0, wlan0 ,", ["eth0", "wlan0"]),
        ("network.home", "", []),
        ("sensor.name", "yes", "yes"),
    ],
)
def test_text_becomes_the_kind_of_the_key(path: str, text: str, value: Any) -> None:
    result = parse_text(KEYS[path], text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("text", ["yes", "on", "tRUE", "2", ""])
def test_only_the_words_of_go_are_truth_values(text: str) -> None:
    with pytest.raises(ValueError):
        parse_text(KEYS["capture.promiscuous"], text)


def test_suggest_offers_only_what_is_close() -> None:
    assert suggest("snaplem", ["snaplen", "threads"]) == ', did you mean "snaplen"?'
    assert suggest("zzz", ["snaplen"]) == ""
