from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.keys import KEYS
from appliance.config.load import load
from appliance.config.schema import Config
from appliance.errors import ConfigError


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refuse(path: Path | None = None, environment: Any = None, **overrides: Any) -> str:
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    with pytest.raises(ConfigError) as caught:
        load(path, environment=environment or {}, overrides=dotted)
    return str(caught.value)


def assert_read_or_refused(words: str, path: Path | None = None, environment: Any = None) -> None:
    message = ""
    try:
        load(path, environment=environment or {}, overrides={})
    except ConfigError as error:
        message = str(error)
    assert not message or words in message


def test_nothing_given_is_all_defaults() -> None:
    config, origins = load(None, environment={}, overrides={})
    assert config == Config()
    assert origins == dict.fromkeys(KEYS, "default")


def test_flags_win_over_environment_over_overlay_over_file(tmp_path: Path) -> None:
    file = write(
        tmp_path / "config.toml",
        "[capture]\nsnaplen = 100\nthreads = 2\nring_mib = 2\nretry_s = 2\n",
    )
    write(tmp_path / "conf.d" / "20.toml", "[capture]\nthreads = 4\nring_mib = 4\nretry_s = 4\n")
    early = write(tmp_path / "conf.d" / "10.toml", "[capture]\nthreads = 3\nbpf_filter = 'arp'\n")
    environment = {"APPLIANCE_CAPTURE_RING_MIB": "5", "APPLIANCE_CAPTURE_RETRY_S": "5"}
    config, origins = load(file, environment=environment, overrides={"capture.retry_s": 6})
    capture = config.capture
    assert (capture.snaplen, capture.threads, capture.ring_mib) == (100, 4, 5)
    assert (capture.retry_s, capture.bpf_filter) == (6.0, "arp")
    assert origins["capture.snaplen"] == f"file:{file}"
    assert origins["capture.bpf_filter"] == f"file:{early}"
    assert origins["capture.threads"] == f"file:{tmp_path / 'conf.d' / '20.toml'}"
    assert origins["capture.ring_mib"] == "env:APPLIANCE_CAPTURE_RING_MIB"
    assert origins["capture.retry_s"] == "flag"
    assert origins["capture.promiscuous"] == "default"


def test_go_tracers_names_are_honoured() -> None:
    environment = {
        "AGENT_INTERFACE": "eth0,eth1",
        "AGENT_BPF_FILTER": "tcp port 80",
        "AGENT_SNAP_LEN": "1024",
        "AGENT_PROMISCUOUS": "f",
        "AGENT_ENDPOINT_URL": "http://10.0.0.1:8000/ingest",
        "LOG_LEVEL": "DEBUG",
    }
    config, origins = load(None, environment=environment, overrides={})
    assert config.capture.interfaces == ("eth0", "eth1")
    assert config.capture.bpf_filter == "tcp port 80"
    assert config.capture.snaplen == 1_024
    assert config.capture.promiscuous is False
    assert config.forward.endpoint_url == "http://10.0.0.1:8000/ingest"
    assert config.log.level == "debug"
    assert origins["capture.interfaces"] == "env:AGENT_INTERFACE"


def test_our_names_win_over_foreign_ones_and_empty_foreign_ones_are_unset() -> None:
    environment = {
        "AGENT_SNAP_LEN": "1024",
        "APPLIANCE_CAPTURE_SNAPLEN": "2000",
        "AGENT_INTERFACE": "",
        "LOG_LEVEL": " ",
    }
    config, origins = load(None, environment=environment, overrides={})
    assert config.capture.snaplen == 2_000
    assert origins["capture.snaplen"] == "env:APPLIANCE_CAPTURE_SNAPLEN"
    assert config.capture.interfaces == ("auto",)
    assert config.log.level == "info"


def test_text_of_a_flag_is_parsed_by_kind() -> None:
    overrides = {"network.home": "10.0.0.0/8, fd00::/8", "api.port": "0"}
    config, _ = load(None, environment={}, overrides=overrides)
    assert config.network.home == ("10.0.0.0/8", "fd00::/8")
    assert config.api.port == 0


def test_bad_value_names_key_value_range_file_and_line(tmp_path: Path) -> None:
    file = write(tmp_path / "c.toml", "# comment\n[capture]\nthreads = 1\nsnaplen = 50\n")
    message = refuse(file)
    assert message == (f"capture.snaplen = 50 ({file} line 4): must be an integer from 96 to 65535")


def test_everything_wrong_is_reported_at_once(tmp_path: Path) -> None:
    file = write(tmp_path / "c.toml", "[capture]\nsnaplne = 5\nthreads = 'two'\n[captur]\nx = 1\n")
    message = refuse(file, {"AGENT_PROMISCUOUS": "maybe"}, api__host="0.0.0.0")
    assert message.splitlines() == [
        f'capture.snaplne ({file} line 2): unknown key, did you mean "snaplen"?',
        f'captur.x ({file} line 5): unknown section, did you mean "capture"?',
        "capture.promiscuous = 'maybe' (AGENT_PROMISCUOUS): must be true or false",
        f"capture.threads = 'two' ({file} line 3): must be an integer from 1 to 8",
        "api.host = '0.0.0.0' (flag): must be one of 127.0.0.1, ::1, localhost",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("capture = 3", "this is a section"),
        ("snaplen = 3", "unknown key"),
        ("[capture]\nsnaplen = true", "must be an integer"),
        ("[capture]\nsnaplen = 2048.0", "must be an integer"),
        ("[capture]\nretry_s = nan", "must be a number"),
        ("[capture]\nretry_s = inf", "must be a number"),
        ("[capture]\ninterfaces = 'eth0'", "must be a list of strings"),
        ("[capture]\ninterfaces = ['eth0', 3]", "must be a list of strings"),
        ("[capture.deeper]\nx = 1", "unknown key"),
        ("[geoip]\ncity_db = 2024-01-01", "must be a string"),
        ("schema_version = 2", "must be one of 1"),
        ("[capture\n", "not TOML"),
        ("[log]\nlevel = 'info'\nlevel = 'info'", "not TOML"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refuse(write(tmp_path / "c.toml", text))


def test_missing_and_undecodable_files_are_refused(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refuse(tmp_path / "none.toml")
    assert "cannot be read: Is a directory" in refuse(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"[sensor]\nname = '\xe4'\n")
    assert "not TOML" in refuse(latin)


def test_empty_sections_and_files_are_fine(tmp_path: Path) -> None:
    config, _ = load(write(tmp_path / "c.toml", "[capture]\n"), environment={}, overrides={})
    assert config == Config()


def test_misspelt_variable_of_a_known_section_is_refused() -> None:
    message = refuse(None, {"APPLIANCE_CAPTURE_SNAPLNE": "100"})
    assert message.startswith("APPLIANCE_CAPTURE_SNAPLNE: no such variable, did you mean")
    assert "APPLIANCE_CAPTURE_SNAPLEN" in message


def test_other_variables_are_none_of_our_business() -> None:
    environment = {"APPLIANCE_CONFIG": "x", "APPLIANCE_CORPUS": "y", "AGENT_SMITH": "z"}
    assert load(None, environment=environment, overrides={})[0] == Config()


def test_unknown_flag_is_refused() -> None:
    assert refuse(None, {}, capture__snaplne="3") == (
        'capture.snaplne (flag): unknown key, did you mean "snaplen"?'
    )


def test_contradictions_name_their_origin() -> None:
    message = refuse(None, {"APPLIANCE_NETWORK_HOME": "10.0.0.1/8"})
    assert message == (
        "network.home = ['10.0.0.1/8'] (APPLIANCE_NETWORK_HOME): "
        '"10.0.0.1/8" is an address in a network, write 10.0.0.0/8'
    )


def test_long_values_are_cut_in_messages() -> None:
    assert len(refuse(None, {}, log__level="x" * 10_000)) < 300


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_configuration_or_a_clear_refusal(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("random") / "c.toml"
    file.write_bytes(data)
    assert_read_or_refused(str(file), path=file)


@given(path=st.sampled_from(sorted(KEYS)), text=st.text(max_size=30))
def test_any_text_is_a_value_or_a_clear_refusal(path: str, text: str) -> None:
    assert_read_or_refused(path, environment={KEYS[path].variable: text})


def test_every_cut_of_the_documented_file_is_read_or_refused(tmp_path: Path) -> None:
    whole = b'schema_version = 1\n[capture]\ninterfaces = ["auto"]\nsnaplen = 2048  # bytes\n'
    file = tmp_path / "c.toml"
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        assert_read_or_refused(str(file), path=file)
