"""Who is told to end ends, even where what it waited for came at the same moment."""

from __future__ import annotations

import asyncio

import pytest

from feeds.resting import heed, rest


async def test_a_loop_that_missed_its_cancellation_ends_one_round_later() -> None:
    """`asyncio.wait_for` of Python 3.11 lets a cancellation go when the answer is there; here it is let go on purpose."""
    asked = asyncio.Event()

    async def ask_again_and_again() -> None:
        while True:
            try:
                asked.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass  # as it may be in a library
            await rest(3600)

    task = asyncio.create_task(ask_again_and_again())
    await asked.wait()
    task.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_who_was_not_told_to_end_goes_on() -> None:
    heed()
    await rest(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await rest(3600)
    heed()
