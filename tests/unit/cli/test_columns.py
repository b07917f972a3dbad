import msgspec
import pytest

from appliance.cli.columns import (
    FLOW_COLUMNS,
    HOST_COLUMNS,
    describe_health,
    format_bytes,
    format_duration,
)
from appliance.cli.output import render_table
from appliance.model.health import Health
from appliance.model.views import FlowRow, HostRow


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (99_940, "99.9 kB"), (99_951, "100 kB"),
     (999_499, "999 kB"), (999_500, "1.0 MB"), (5 * 10**12, "5.0 TB"), (10**18, "1000 PB")],
)  # fmt: skip
def test_bytes_have_three_digits(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.000 s"), (9.9994, "9.999 s"), (75, "75 s"), (600, "10 min"), (7_500, "2 h 5 min"),
     (273_600, "3 d 4 h")],
)  # fmt: skip
def test_durations_are_short(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def example(struct: type[msgspec.Struct], **values: object) -> dict[str, object]:
    """Make a row whose other fields are empty."""
    empty = {
        str: "", int: 0, float: 0.0, bool: False
    }  # fmt: skip
    row = {field.name: empty.get(field.type) for field in msgspec.structs.fields(struct)}
    return row | values


def test_every_flow_column_finds_its_field() -> None:
    row = example(
        FlowRow, src_ip="10.0.0.1", src_port=5, dst_ip="2001:db8::1", dst_port=443, proto="tcp",
        bytes_out=1_500, src_country="Local", dst_country="DE", name="example.org",
    )  # fmt: skip
    line = render_table(FLOW_COLUMNS, [row], None)[1]
    for text in ("10.0.0.1:5", "[2001:db8::1]:443", "tcp", "1.5 kB", "Local > DE", "example.org"):
        assert text in line


def test_every_host_column_finds_its_field() -> None:
    row = example(HostRow, ip="10.0.0.1", name="printer", flows=3, vendor="Example")
    line = render_table(HOST_COLUMNS, [row], None)[1]
    assert line.startswith("10.0.0.1  printer")
    assert line.endswith("Example")


def test_health_tells_drops_apart() -> None:
    health = Health(
        state="degraded", reasons=["eth0 is down"], packets=1_000, bytes=5_000, dropped_nic=1,
        dropped_kernel=2, dropped_queue=3, samples_dropped=4, started=100.0, now=7_600.0,
        interfaces=[{"name": "eth0", "up": False, "error": "gone\x1b"}],
    )  # fmt: skip
    lines = list(describe_health(msgspec.to_builtins(health)))
    assert lines[:2] == ["state       degraded", "            eth0 is down"]
    assert "interface   eth0 down: gone\ufffd" in lines
    assert "dropped     1 network card, 2 kernel, 3 queue, 4 samples" in lines
    assert any(line.startswith("up          2 h 5 min") for line in lines)


def test_health_of_a_reticent_daemon_still_shows() -> None:
    assert next(iter(describe_health({"state": "running"}))) == "state       running"
    assert len(list(describe_health({"state": "running"}))) > 5
