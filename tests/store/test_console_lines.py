"""The lines of terminals: numbered, so that whoever asks for what is new misses none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.store.console import ConsoleStore, Wish

if TYPE_CHECKING:
    from bot.store.store import Store


async def test_lines_that_are_said_at_once_have_a_number_each_and_none_is_missed(store: Store) -> None:
    lines = ConsoleStore(store)
    after, seen = 0, list[str]()

    async def listen() -> None:
        nonlocal after
        while len(seen) < 30:
            for line in await lines.lines("console:dana", after):
                after = line.version
                seen.append(line.marker)
            await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await asyncio.gather(listen(), *(lines.put("console:dana", "post", f"post:{number}", "{}") for number in range(30)))
    assert sorted(seen) == sorted(f"post:{number}" for number in range(30))
    assert sorted(line.version for line in await lines.lines("console:dana", 0)) == list(range(1, 31))


async def test_who_waits_is_told_of_lines_of_the_own_thread_only(store: Store) -> None:
    lines = ConsoleStore(store)
    await lines.put("console:dana", "post", "post:1", "{}")
    dana, eve = Wish("console:dana", "console:none", 0), Wish("console:eve", "console:none", 0)
    assert await lines.fulfilled([dana, eve]) == {dana}
    heard_it = Wish("console:dana", "console:none", await lines.newest())
    assert await lines.fulfilled([heard_it, eve]) == frozenset()
    await lines.put("console:dana", "card", "card:1", "{}")
    await lines.put("console:eve", "post", "post:2", "{}")
    assert await lines.fulfilled([heard_it, eve]) == {heard_it, eve}
