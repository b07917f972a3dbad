import re
from pathlib import Path

import pytest

from appliance.cli import cases, learning, operate, queries
from appliance.cli.arguments import build_parser


def test_every_command_has_its_function() -> None:
    parser = build_parser()
    for line, function in (
        ("run -i eth0 -i eth1 --filter arp", operate.run),
        ("replay a.pcap b.pcap", operate.replay),
        ("demo", operate.demo),
        ("check-config c.toml", operate.check_config),
        ("status -o json", queries.show_status),
        ("flows list --port 443", queries.list_flows),
        ("hosts list --search x", queries.list_hosts),
        ("alerts list --severity high --kind beacon --host 10.0.0.0/8", cases.list_alerts),
        ("alerts show A1 -o json", cases.show_alert),
        ("alerts acknowledge A1 --comment mine", cases.decide),
        ("alerts close A1 --verdict false", cases.decide),
        ("alerts reopen A1", cases.decide),
        ("alerts mute A1 --preview", cases.mute_alert),
        ("incidents list --since 2d", cases.list_incidents),
        ("incidents show INC-1001", cases.show_incident),
        ("mutes list -o csv", cases.list_mutes),
        ("mutes add --host 10.0.0.5 --kind port_scan --days 0", cases.add_mute),
        ("mutes remove 3", cases.remove_mute),
        ("train", learning.train),
        ("analyze -o csv", learning.analyze),
        ("models list", learning.list_models),
        ("models rollback 3", learning.roll_back),
    ):
        assert parser.parse_args(line.split()).command is function


def test_replay_understands_its_flags() -> None:
    line = "replay a.pcap --flows out/conn.log --speed 10x --home-net 10.0.0.0/8 --store s"
    arguments = build_parser().parse_args([*line.split(), "--set", "log.level = debug"])
    assert arguments.inputs == ["a.pcap"]
    assert arguments.flows == (Path("out/conn.log"), "zeek")
    assert arguments.speed == 10.0
    assert arguments.home_net == ["10.0.0.0/8"]
    assert arguments.store == Path("s")
    assert arguments.settings == [("log.level", "debug")]
    assert build_parser().parse_args(["replay", "a.pcap"]).speed is None
    assert build_parser().parse_args(["replay", "a", "--flows", "-"]).flows == (Path("-"), "ndjson")


WRONG = """
no-such-command
replay
replay a --speed 0x
replay a --speed -1
replay a --speed x
replay a --speed nan
replay a --flows f.txt
run --set snaplen
flows
flows list --limit 0
flows list --limit -5
flows list --since tomorrow
flows list --port https
status -o xml
alerts
alerts show
alerts list --kind nonsense
alerts list --severity huge
alerts close A1 --verdict maybe
mutes remove x
mutes add --port https
"""


@pytest.mark.parametrize("line", WRONG.rstrip().split("\n"))  # the first one is empty
def test_wrong_usage_ends_with_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(line.split())
    assert caught.value.code == 2
    assert "usage: appliance" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for command in ("run", "replay", "demo", "check-config", "status", "flows", "hosts"):
        assert re.search(rf"^    {command}\s", text, re.MULTILINE)
