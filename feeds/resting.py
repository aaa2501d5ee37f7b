"""To wait, and to end when told to.

What waits with a limit in `nats` does so by `asyncio.wait_for`, which until Python 3.12 lets a cancellation go when the answer comes at the
same moment; its flushing does so too. Loops that ask NATS rest with this, so that they end one round later.
"""

from __future__ import annotations

import asyncio


def heed() -> None:
    """Raise CancelledError where this task was told to end."""
    if (task := asyncio.current_task()) and task.cancelling():
        raise asyncio.CancelledError


async def rest(seconds: float) -> None:
    heed()
    await asyncio.sleep(seconds)
