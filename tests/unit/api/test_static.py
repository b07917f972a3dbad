"""The page: what is cached, what is compressed, and what is said when there is none."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.app import create_app
from appliance.api.static import Asset, load_assets


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>T</title>")
    (folder / "licences.txt").write_text("MIT")
    (folder / "assets" / "app-1A2B3C4D.js").write_text("let a = 1")
    (folder / "assets" / "app-1A2B3C4D.js.gz").write_bytes(b"GZ")
    (folder / "assets" / "app-1A2B3C4D.js.br").write_bytes(b"BR")
    (tmp_path / "secret.txt").write_text("do not serve")
    return folder


def ask(world: Any, dist: Path, path: str, **headers: str) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(world.services, dist=dist))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            # raw: httpx would unpack the body, which is no real gzip here
            async with client.stream("GET", path, headers=named) as answer:
                answer.raw_body = b"".join([part async for part in answer.aiter_raw()])
                return answer

    return asyncio.run(run())


def test_the_index_is_checked_each_time_and_hashed_files_never_again(
    world: Any, dist: Path
) -> None:
    for path in ("/", "/index.html"):
        page = ask(world, dist, path)
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        assert page.raw_body.startswith(b"<!doctype html>")
    script = ask(world, dist, "/assets/app-1A2B3C4D.js", accept_encoding="identity")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]
    assert script.raw_body == b"let a = 1"
    assert ask(world, dist, "/licences.txt").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [
        ("gzip, deflate, br", "br", b"BR"),
        ("gzip", "gzip", b"GZ"),
        ("br;q=0, gzip;q=0.5", "gzip", b"GZ"),
        ("gzip;q=0.000, br; q=0", None, b"let a = 1"),
        ("identity", None, b"let a = 1"),
        ("", None, b"let a = 1"),
    ],
)
def test_the_best_allowed_form_is_sent(
    world: Any, dist: Path, accepted: str, encoding: str | None, body: bytes
) -> None:
    answer = ask(world, dist, "/assets/app-1A2B3C4D.js", accept_encoding=accepted)
    assert answer.headers.get("content-encoding") == encoding
    assert answer.raw_body == body
    assert answer.headers["vary"] == "accept-encoding"


def test_an_unchanged_page_is_not_sent_again(world: Any, dist: Path) -> None:
    tag = ask(world, dist, "/").headers["etag"]
    again = ask(world, dist, "/", if_none_match=tag)
    assert (again.status_code, again.raw_body) == (304, b"")
    (dist / "index.html").write_text("<!doctype html>new")
    assert ask(world, dist, "/", if_none_match=tag).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
     "/assets/", "/assets/app-1A2B3C4D.js.gz", "//etc/passwd"],
)  # fmt: skip
def test_nothing_else_is_served(world: Any, dist: Path, path: str) -> None:
    answer = ask(world, dist, path)
    assert answer.status_code == 404
    assert b"do not serve" not in answer.raw_body


def test_without_a_build_the_page_says_how_to_make_one(world: Any, tmp_path: Path) -> None:
    answer = ask(world, tmp_path / "none", "/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert b"packaging/build_web.py" in answer.raw_body


def test_a_folder_that_is_too_big_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(bytes(9 << 20))
    with pytest.raises(ValueError, match="more than 8 MiB"):
        load_assets(tmp_path)


@given(st.text(max_size=60))
def test_any_accept_encoding_gets_some_body(accepted: str) -> None:
    asset = Asset("text/plain", "", "", {"br": b"B", "gzip": b"G", "identity": b"I"})
    encoding, body = asset.choose(accepted)
    assert asset.bodies[encoding] == body
