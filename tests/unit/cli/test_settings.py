from pathlib import Path

import pytest

from appliance.cli.arguments import build_parser
from appliance.cli.entry import main
from appliance.cli.settings import load_settings
from appliance.config.schema import Config
from appliance.detect.weights import Weights, load_weights
from appliance.errors import ConfigError

CONFIG = Path(__file__).resolve().parents[3] / "config.toml"


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


def test_constants_of_detection_must_exist(tmp_path: Path) -> None:
    assert load_for("run --set detect.weights=vertical_scan.ports_300_s=30")
    file = tmp_path / "c.toml"
    file.write_text('[detect]\nweights = ["vertical_ports_300_s=30"]\n')
    with pytest.raises(ConfigError, match='there is no "vertical_ports_300_s"'):
        load_for(f"run --config {file}")
    assert main(["check-config", str(file)]) == 78


def test_the_example_of_a_constant_is_one_that_exists() -> None:
    line = next(line for line in CONFIG.read_text().splitlines() if line.startswith("weights ="))
    assert load_weights([line.split('such as "')[1].split('"')[0]]) != Weights()
