"""Where a task stands."""

from __future__ import annotations

import asyncio
from typing import Any


def place_of(task: asyncio.Task[Any]) -> list[str]:
    """File, line and name, innermost last: what there is to know about whoever holds everybody up."""
    places: list[str] = []
    awaited: Any = task.get_coro()
    while frame := getattr(awaited, "cr_frame", None):
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")
        awaited = awaited.cr_await
    return places
