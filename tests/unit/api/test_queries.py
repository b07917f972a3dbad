"""Queries leave the loop free, and only so many may wait."""

import asyncio
import logging
import threading
from concurrent.futures import wait
from typing import Any

import pytest

from appliance.api.queries import QueriesBusy
from appliance.errors import StoreError


def test_queries_run_on_threads_of_their_own(world: Any) -> None:
    async def run() -> str:
        return await world.queries.run(lambda _: threading.current_thread().name)

    assert asyncio.run(run()).startswith("api-query")


def test_beyond_the_limit_a_query_is_refused_and_room_comes_back(world: Any) -> None:
    world.reader.gate.clear()
    jobs = [world.queries.submit(lambda reader: reader.stats()) for _ in range(8)]
    with pytest.raises(QueriesBusy):
        world.queries.submit(lambda reader: reader.stats())
    assert world.queries.statistics().waiting == 8
    world.reader.gate.set()
    assert [job.result(5).flows for job in jobs] == [7] * 8
    assert world.queries.submit(lambda reader: reader.flow(1)).result(5).id == 1
    found = world.queries.statistics()
    assert (found.answered, found.refused, found.waiting) == (9, 1, 0)


def test_a_query_given_up_by_its_client_keeps_its_place_until_it_ends(world: Any) -> None:
    world.reader.gate.clear()

    async def give_up(queued: int) -> None:
        tasks = [
            asyncio.ensure_future(world.queries.run(lambda reader: reader.stats()))
            for _ in range(queued)
        ]
        await asyncio.sleep(0)
        assert world.queries.statistics().waiting == queued
        while world.reader.waiting < 2:  # noqa: ASYNC110 - until both threads are at the gate
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(give_up(queued=5))
    assert world.queries.statistics().waiting == 2  # those that run; the others were withdrawn
    world.reader.gate.set()
    assert world.queries.submit(lambda reader: reader.stats()).result(5)
    wait([world.queries.submit(lambda reader: reader.stats()) for _ in range(4)], 5)
    assert world.queries.statistics().waiting == 0


def test_an_outage_is_told_once_down_and_once_up(
    world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.reader.failure = StoreError("no such file")
    for _ in range(3):
        with pytest.raises(StoreError):
            world.queries.submit(lambda reader: reader.stats()).result(5)
    world.reader.failure = None
    for _ in range(3):
        world.queries.submit(lambda reader: reader.stats()).result(5)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "no such file" in caplog.text
    assert (world.queries.statistics().failed, world.queries.statistics().answered) == (3, 3)
