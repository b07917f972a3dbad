import tomllib
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.keys import KEYS
from appliance.config.load import load
from appliance.config.render import format_value, render
from appliance.config.schema import Config, Sensor

REPOSITORY = Path(__file__).resolve().parents[3]


def test_result_reads_back_as_the_same_configuration(tmp_path: Path) -> None:
    overrides = {"capture.interfaces": ["eth0", "eth1"], "store.commit_s": 0.1, "api.port": 0}
    config, origins = load(None, environment={}, overrides=overrides)
    file = tmp_path / "c.toml"
    file.write_text(render(config, origins))
    assert load(file, environment={}, overrides={})[0] == config


def test_origins_stand_behind_the_values() -> None:
    config, origins = load(None, environment={"AGENT_SNAP_LEN": "100"}, overrides={"api.port": 1})
    lines = render(config, origins).splitlines()
    assert "snaplen = 100  # env:AGENT_SNAP_LEN" in lines
    assert "port = 1  # flag" in lines
    assert "threads = 1" in lines


def test_line_break_in_a_file_name_stays_in_its_comment() -> None:
    text = render(Config(), {"sensor.name": 'file:/a\n[log]\nlevel = "debug"'})
    assert tomllib.loads(text)["log"]["level"] == "info"


@given(name=st.text())
def test_any_string_survives(name: str) -> None:
    config = msgspec.structs.replace(Config(), sensor=Sensor(name=name))
    assert tomllib.loads(render(config, {}))["sensor"]["name"] == name


def test_documented_file_shows_every_key_with_its_default_and_a_comment() -> None:
    """config.toml is the reference: a key or default that differs misleads its reader."""
    text = (REPOSITORY / "config.toml").read_text(encoding="utf-8")
    shown = tomllib.loads(text)
    for path, key in KEYS.items():
        section, dot, name = path.partition(".")
        table = shown[section] if dot else shown
        bare = name if dot else path
        assert bare in table, f"{path} is missing"
        assert format_value(table[bare]) == format_value(key.default), path
        (line,) = [
            line for line in _lines_of(text, section if dot else "") if line.startswith(f"{bare} =")
        ]
        value, _, comment = line.partition("  # ")
        assert value == f"{bare} = {format_value(table[bare])}"
        assert len(comment) > 8, f"{path} is not explained"
    assert sum(len(v) if isinstance(v, dict) else 1 for v in shown.values()) == len(KEYS)


def test_documented_bounds_are_those_of_the_schema() -> None:
    text = (REPOSITORY / "config.toml").read_text(encoding="utf-8")
    for path, key in KEYS.items():
        section, _, name = path.partition(".")
        bounds = [
            f"{bound:g}" if isinstance(bound, float) else str(bound)
            for bound in (getattr(key.kind, side, None) for side in ("ge", "gt", "le"))
            if bound is not None
        ]
        (line,) = [line for line in _lines_of(text, section) if line.startswith(f"{name} =")] or [
            ""
        ]
        assert all(bound in line.partition("#")[2] for bound in bounds), (path, bounds)


def _lines_of(text: str, section: str) -> list[str]:
    """Return the lines of one section; "" is what stands before the first."""
    current, lines = "", []
    for line in text.splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif current == section:
            lines.append(line)
    return lines
