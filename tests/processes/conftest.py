"""What the tests of safe children may ask for."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from processes import bearers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
async def mark() -> AsyncIterator[str]:
    """A mark of this test alone; after the test nobody bears it."""
    one = f"test-{uuid.uuid4().hex}"
    yield one
    await eventually(lambda: bearers(one) == [])


async def eventually(holds: Callable[[], object], within_s: float = 60.0) -> None:
    """Return when `holds()` is true; fail when it does not become so in time."""
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, "it never came to be"
        await asyncio.sleep(0.01)
