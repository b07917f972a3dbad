import asyncio
import logging
import signal
import threading

import pytest

from appliance.runtime.tasks import Threads, spawn, terminate_process


def test_spawned_task_has_its_name_and_result() -> None:
    async def answer() -> int:
        return 42

    async def scenario() -> tuple[str, int]:
        async with asyncio.TaskGroup() as group:
            task = spawn(group, answer(), name="answer")
        return task.get_name(), task.result()

    assert asyncio.run(scenario()) == ("answer", 42)


def test_failed_task_ends_its_group() -> None:
    async def fail() -> None:
        raise OSError("gone")

    async def scenario() -> None:
        async with asyncio.TaskGroup() as group:
            spawn(group, asyncio.Event().wait(), name="waits for ever")
            spawn(group, fail(), name="fails")

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(scenario())
    assert caught.group_contains(OSError, match="gone")


def test_thread_runs_with_name_and_arguments() -> None:
    seen = []
    threads = Threads(on_failure=lambda: seen.append("failure"))
    thread = threads.start(
        lambda a, b: seen.append((a, b, threading.current_thread().name)), 1, 2, name="worker"
    )
    thread.join(5)
    assert seen == [(1, 2, "worker")]
    assert threads.failure == ""


def test_dead_thread_is_reported_once_and_remembered(caplog: pytest.LogCaptureFixture) -> None:
    calls = []
    threads = Threads(on_failure=lambda: calls.append("failure"))

    def die(reason: str) -> None:
        raise RuntimeError(reason)

    with caplog.at_level(logging.CRITICAL):
        threads.start(die, "first", name="capture").join(5)
        threads.start(die, "second", name="pipeline").join(5)
    assert calls == ["failure"]
    assert threads.failure == "capture: RuntimeError: first"
    assert [record.message for record in caplog.records] == [
        "thread capture died",
        "thread pipeline died",
    ]


def test_even_system_exit_in_a_thread_is_a_failure() -> None:
    threads = Threads(on_failure=lambda: None)

    def leave() -> None:
        raise SystemExit(0)

    threads.start(leave, name="worker").join(5)
    assert threads.failure.startswith("worker: SystemExit")


def test_join_names_who_is_still_running() -> None:
    stop = threading.Event()
    threads = Threads(on_failure=lambda: None)
    threads.start(stop.wait, name="slow")
    threads.start(lambda: None, name="quick")
    assert threads.join(0.02) == ("slow",)
    stop.set()
    assert threads.join(5) == ()


def test_by_default_the_process_is_told_to_terminate() -> None:
    received = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        terminate_process()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]
