"""Whoever is asked to end ends, whatever a library does with the asking."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from bot.worker.desk import Desk
from bot.worker.ending import end


async def swallows(times: int) -> None:
    """As a library does that takes a cancellation for the end of its own patience."""
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def fails() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise OSError("as it ended")


async def begun(*jobs: asyncio.Task[None]) -> list[asyncio.Task[None]]:
    await asyncio.sleep(0)
    return list(jobs)


async def test_what_swallows_a_cancellation_is_cancelled_again_and_told_with_its_place() -> None:
    tasks = await begun(asyncio.create_task(swallows(2), name="deaf"), asyncio.create_task(swallows(0)), asyncio.create_task(fails()))
    with capture_logs() as logged:
        await end(tasks, again_s=0.001)
    assert [task.cancelled() for task in tasks] == [True, True, False]
    told = [line for line in logged if line["event"] == "does_not_end"]
    assert [line["task"] for line in told] == ["deaf", "deaf"]
    assert [place.rsplit(" ", 1)[1] for place in told[0]["at"]] == ["swallows", "wait"]


async def test_a_desk_closes_over_what_swallows_a_cancellation() -> None:
    desk = Desk("create", lambda _: swallows(1), 2)
    desk.take("env-1")
    await asyncio.sleep(0)
    await desk.close(again_s=0.001)
    assert not desk.has_room


async def test_nothing_to_end_ends_at_once() -> None:
    await end(())
