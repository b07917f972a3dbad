from pathlib import Path

import pytest

from appliance.errors import ConfigError
from appliance.runtime.paths import (
    find_directories,
    find_store,
    make_private,
    prepare_kernel_cache,
)


def test_systemd_decides_first_and_its_first_directory_counts() -> None:
    environment = {
        "STATE_DIRECTORY": "/var/lib/private/appliance:/var/lib/other",
        "CACHE_DIRECTORY": "/var/cache/private/appliance",
        "RUNTIME_DIRECTORY": "/run/private/appliance",
    }
    assert find_directories(environment, uid=61_000) == (
        Path("/var/lib/private/appliance"),
        Path("/var/cache/private/appliance"),
        Path("/run/private/appliance"),
    )


def test_root_uses_the_system_places() -> None:
    assert find_directories({"XDG_STATE_HOME": "/x"}, uid=0) == (
        Path("/var/lib/appliance"),
        Path("/var/cache/appliance"),
        Path("/run/appliance"),
    )


def test_user_has_them_at_home_or_where_xdg_says() -> None:
    assert find_directories({"HOME": "/home/u"}, uid=1_000) == (
        Path("/home/u/.local/state/appliance"),
        Path("/home/u/.cache/appliance"),
        Path("/home/u/.cache/appliance/run"),
    )
    environment = {
        "HOME": "/home/u",
        "XDG_STATE_HOME": "/s",
        "XDG_CACHE_HOME": "relative is ignored",
        "XDG_RUNTIME_DIR": "/run/user/1000",
    }
    assert find_directories(environment, uid=1_000) == (
        Path("/s/appliance"),
        Path("/home/u/.cache/appliance"),
        Path("/run/user/1000/appliance"),
    )


def test_user_without_home_is_told_what_to_set() -> None:
    with pytest.raises(ConfigError, match="STATE_DIRECTORY"):
        find_directories({"STATE_DIRECTORY": "/s"}, uid=1_000)


def test_store_lies_in_the_state_directory_unless_configured() -> None:
    environment = {"STATE_DIRECTORY": "/s", "CACHE_DIRECTORY": "/c", "RUNTIME_DIRECTORY": "/r"}
    assert find_store("", environment) == Path("/s")
    assert find_store("/elsewhere", environment) == Path("/elsewhere")


def test_made_directories_are_private(tmp_path: Path) -> None:
    made = make_private(tmp_path / "a" / "b")
    assert made.stat().st_mode & 0o777 == 0o700
    assert make_private(made) == made


def test_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file/a cannot be made: Not a directory"):
        make_private(tmp_path / "file" / "a")


def test_kernel_cache_is_kept_by_sources_and_old_ones_go(tmp_path: Path) -> None:
    environment = dict.fromkeys(
        ("STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY"), str(tmp_path)
    )
    old = tmp_path / "kernels-0.0.0" / "deep"
    old.mkdir(parents=True)
    bystander = tmp_path / "other"
    bystander.mkdir()
    cache = prepare_kernel_cache(environment)
    assert cache.parent == tmp_path
    assert cache.name.startswith("kernels-")
    assert environment["NUMBA_CACHE_DIR"] == str(cache)
    assert cache.is_dir()
    assert not old.exists()
    assert bystander.exists()
    compiled = cache / "kernel.nbi"
    compiled.write_text("")
    del environment["NUMBA_CACHE_DIR"]
    prepare_kernel_cache(environment)
    assert compiled.exists()


def test_a_cache_set_from_outside_stays(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert prepare_kernel_cache(environment) == tmp_path
    assert not any(tmp_path.iterdir())
