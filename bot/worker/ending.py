"""Tasks are ended for certain: a library may take a cancellation for one of its own and go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog

from bot.stacks import stack_of

log = structlog.get_logger()

AGAIN_S = 5.0


async def end(tasks: Iterable[asyncio.Task[Any]], again_s: float = AGAIN_S) -> None:
    """Cancel them, and every `again_s` seconds those that go on all the same. Returns when all have ended, however they did."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=again_s)
        for task in ended:
            if not task.cancelled():
                task.exception()  # looked at: whoever ends them has no use for it
        for task in left:
            log.warning("does_not_end", task=task.get_name(), at=stack_of(task))
