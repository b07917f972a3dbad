from pathlib import Path

import pytest

from appliance.cli.arguments import build_parser
from appliance.cli.settings import load_settings
from appliance.config.schema import Config
from appliance.errors import ConfigError


def load_for(line: str) -> tuple[Config, dict[str, str]]:
    return load_settings(build_parser().parse_args(line.split()))


def test_flags_become_keys() -> None:
    config, origins = load_for(
        "run -i eth0 -i eth1 -f arp --home-net 10.0.0.0/8 --set capture.threads=2"
    )
    assert config.capture.interfaces == ("eth0", "eth1")
    assert config.capture.bpf_filter == "arp"
    assert config.network.home == ("10.0.0.0/8",)
    assert config.capture.threads == 2
    assert origins["capture.threads"] == origins["capture.interfaces"] == "flag"


def test_file_comes_from_the_flag_then_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, given = tmp_path / "named.toml", tmp_path / "given.toml"
    named.write_text("[capture]\nsnaplen = 100\n")
    given.write_text("[capture]\nsnaplen = 200\n")
    monkeypatch.setenv("APPLIANCE_CONFIG", str(named))
    assert load_for("demo")[0].capture.snaplen == 100
    assert load_for(f"demo --config {given}")[0].capture.snaplen == 200


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        load_for(f"demo --config {tmp_path / 'none.toml'}")
