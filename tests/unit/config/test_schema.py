import msgspec
import pytest

from appliance.config.schema import Config, Section


def test_sections_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Config().capture.snaplen = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    "field", [f for f in msgspec.structs.fields(Config) if f.name != "schema_version"]
)
def test_unknown_keys_of_every_section_are_refused(field: msgspec.structs.FieldInfo) -> None:
    assert issubclass(field.type, Section)
    with pytest.raises(msgspec.ValidationError, match="unknown field `surprise`"):
        msgspec.convert({field.name: {"surprise": 1}}, Config)


def test_defaults_satisfy_their_own_bounds() -> None:
    assert msgspec.convert(msgspec.to_builtins(Config()), Config, strict=True) == Config()


def test_api_cannot_be_opened_to_the_network() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"api": {"host": "0.0.0.0"}}, Config)
