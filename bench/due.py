"""What the sweep asks, "what is due?", with ever more rows that are not: it must cost the same."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from time import perf_counter

from bench import databases
from bench.crowd import DUE, fill
from bench.figures import Figure, Unit, at_most
from bot.store.store import Store

_KINDS = {"create", "hear", "say", "record"}


@dataclass(frozen=True)
class Size:
    """Rows that are not due, and how often each database is asked."""

    rows: Sequence[int] = (1_000, 10_000, 100_000, 1_000_000)
    asks: int = 120


TINY = Size((200, 2_000), 3)


async def run(size: Size = Size()) -> Sequence[Figure]:
    return await _figures(databases.sqlite(), "SQLite", size)


async def run_postgres(size: Size = Size()) -> Sequence[Figure]:
    return await _figures(databases.postgres(), "PostgreSQL", size)


async def _figures(kind: AbstractAsyncContextManager[databases.New], name: str, size: Size) -> Sequence[Figure]:
    least, *more = size.rows
    took = await measure(kind, size)
    label = f"what is due, at best ({name})"
    return [
        Figure(f"{label}, {rows:,} not", took[rows], Unit.MILLISECONDS, f"{least:,} not", took[least], at_most(2, is_ratio=True))
        for rows in more
    ]


async def measure(kind: AbstractAsyncContextManager[databases.New], size: Size) -> dict[int, float]:
    """Milliseconds at best by the number of rows, turn about: whatever else the machine does only adds to them."""
    async with AsyncExitStack() as stack:
        new = await stack.enter_async_context(kind)
        stores: dict[int, Store] = {}
        for rows in size.rows:
            stores[rows] = await stack.enter_async_context(new(f"rows{rows}"))
            await fill(stores[rows], rows)
        samples: dict[int, list[float]] = {rows: [] for rows in size.rows}
        for number in range(size.asks + 2):  # the first two warm up
            for rows, store in stores.items():
                began = perf_counter()
                found = await store.due()
                passed = (perf_counter() - began) * 1000
                if number > 1:
                    samples[rows].append(passed)
                if {kind for kind, _ in found} != _KINDS or len(found) < 3 * DUE:
                    raise RuntimeError(f"{len(found)} were found to be due among {rows}")
    return {rows: min(each) for rows, each in samples.items()}
