"""The stack of a task, which Python shows the outermost frame of only."""

from __future__ import annotations

import asyncio
from typing import Any


def stack_of(task: asyncio.Task[Any]) -> list[str]:
    """File, line and name, innermost last: what there is to know about whoever holds everybody up."""
    frames: list[str] = []
    awaited: Any = task.get_coro()
    while frame := getattr(awaited, "cr_frame", None):
        frames.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")
        awaited = awaited.cr_await
    return frames
