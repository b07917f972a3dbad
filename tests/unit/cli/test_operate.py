import tomllib
from pathlib import Path

import pytest

from appliance.cli.arguments import build_parser
from appliance.cli.entry import main
from appliance.cli.operate import make_replay_options
from appliance.config.options import ReplayOptions


def test_replay_options_carry_the_flags() -> None:
    line = "replay a.pcap --flows f.jsonl --speed 2x --store dir"
    options = make_replay_options(build_parser().parse_args(line.split()))
    assert options == ReplayOptions(flows=Path("f.jsonl"), speed=2.0, store=Path("dir"))
    line = "replay a.pcap --flows conn.log"
    options = make_replay_options(build_parser().parse_args(line.split()))
    assert options == ReplayOptions(flows=Path("conn.log"), flows_format="zeek")
    assert make_replay_options(build_parser().parse_args(["replay", "a"])) == ReplayOptions()


def test_check_config_prints_the_merged_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[capture]\nsnaplen = 100\n")
    assert main(["check-config", str(file), "--set", "api.port=1"]) == 0
    text = capsys.readouterr().out
    assert tomllib.loads(text)["capture"]["snaplen"] == 100
    assert f"snaplen = 100  # file:{file}" in text
    assert "port = 1  # flag" in text
