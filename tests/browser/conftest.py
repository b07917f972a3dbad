"""A fake sensor, a browser with a fresh profile, and a page that is watched for misbehaviour."""

import importlib.util
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def load_script(name: str) -> ModuleType:
    """Import one of packaging's scripts."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "packaging" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Sensor:
    """The fixture server in a process of its own, which a test may stop and start again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        script = Path(__file__).with_name("fixture_server.py")
        command = [sys.executable, str(script), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        """Stop, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def turn(self, switch: str) -> None:
        """Turn a switch of the fixture server, "name=value"."""
        request = urllib.request.Request(f"{self.url}_fixture/{switch}", method="POST")
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200


@pytest.fixture
def sensor(built: None) -> Iterator[Sensor]:
    """Return a fresh fake sensor."""
    one = Sensor()
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="session")
def built() -> None:
    """Build the page if its sources changed."""
    script = load_script("build_web")
    try:
        script.build()
    except script.BuildError as error:
        pytest.skip(f"the page cannot be built: {error}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a running Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="no playwright")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield running
        running.close()


class Watched:
    """What a page did that it should not have done."""

    def __init__(self, page: Any, own: str) -> None:
        self.errors: list[str] = []
        self.expected_outage = False
        self._own = urlsplit(own).netloc
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))
        page.on("request", self._on_request)
        page.on("websocket", self._on_websocket)

    def _on_console(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        # the browser itself reports a failed request; with the sensor gone that is no fault
        if self.expected_outage and ("net::" in message.text or "Failed to load" in message.text):
            return
        self.errors.append(f"console: {message.text}")

    def _on_request(self, request: Any) -> None:
        if urlsplit(request.url).netloc != self._own:
            self.errors.append(f"request: {request.url}")

    def _on_websocket(self, stream: Any) -> None:
        if urlsplit(stream.url).netloc != self._own:
            self.errors.append(f"stream: {stream.url}")


@pytest.fixture
def options() -> dict[str, Any]:
    """Return how the browser window is; a test parametrizes it."""
    return {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture
def page(browser: Any, sensor: Sensor, options: dict[str, Any]) -> Iterator[Any]:
    """Return the open page. Errors, foreign requests and injected scripts fail the test."""
    context = browser.new_context(**options)
    tab = context.new_page()
    tab.watched = Watched(tab, sensor.url)
    tab.set_default_timeout(10_000)
    tab.goto(sensor.url)
    yield tab
    injected = tab.evaluate("window.hacked")
    context.close()
    assert tab.watched.errors == []
    assert injected is None
