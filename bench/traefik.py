"""The central Traefik's configuration with 10,000 environments: made anew, and asked for while nothing happens, beside the bare work."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import msgspec
from sqlalchemy import insert, select, text

from bench import parts
from bench.figures import Figure, Unit, at_most, p50
from bench.pages import an_environment
from bot.app.traefik import routes_of
from bot.domain.environment import Address
from bot.settings import Settings
from bot.settings.traefik import TraefikSettings
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store
from bot.store.tables import environments
from bot.web.traefik.routes import Routes

_IN_A_BATCH = 1_000
_HALF_A_POLL_MS = 2500
"""Traefik asks each five seconds."""


@dataclass(frozen=True)
class Size:
    environments: int = 10_000
    rounds: int = 6


TINY = Size(60, 2)


async def run(size: Size = Size()) -> Sequence[Figure]:
    async with parts.folder() as home:
        settings = Settings(data_dir=home, traefik=TraefikSettings(), domain="env.example.net")
        store = Store(Database(settings.sql_url))
        try:
            await migrate(store.database)
            await _fill(store, size.environments)
            return await _measure(settings, store, size)
        finally:
            await store.database.close()


async def _fill(store: Store, count: int) -> None:
    rows = [_on_a_machine(number) for number in range(count)]
    async with store.database.write() as connection:
        for first in range(0, count, _IN_A_BATCH):
            await connection.execute(insert(environments), rows[first : first + _IN_A_BATCH])


def _on_a_machine(number: int) -> dict[str, Any]:
    environment = an_environment(number, is_live=True)
    address = Address("web", f"https://{environment.slug}.env.example.net")
    machine = f"http://10.20.{number // 250}.{number % 250}:80"
    row: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(environment, addresses=(address,), upstream=machine))
    return row


async def _measure(settings: Settings, store: Store, size: Size) -> Sequence[Figure]:
    def routes() -> Routes:
        return routes_of(settings, settings.traefik or TraefikSettings(), store, b"key")

    kept = routes()
    made = await kept.made()
    parsed = json.loads(made.body)
    if len(parsed["http"]["routers"]) != 2 * size.environments + 1:
        raise RuntimeError("there are not as many routes as environments, and pages of tilt's")

    async def anew() -> None:
        await routes().made()

    async def again() -> None:
        if (await kept.made()).body is not made.body:
            raise RuntimeError("it was made anew though nothing happened")

    async def bare() -> None:
        """The rows and the same bytes: less cannot be done where everything is told."""
        async with store.look() as look:
            columns = environments.c
            query = select(columns.slug, columns.addresses, columns.upstream).where(text("environments.state != 'gone'"))
            (await look.connection.execute(query)).all()
        msgspec.json.encode(parsed)

    async def question() -> None:
        async with store.look() as look:
            await look.connection.execute(text("SELECT 1"))

    first, floor = await _turn_about(size.rounds, anew, bare)
    second, one = await _turn_about(size.rounds * 10, again, question)
    aim = at_most(_HALF_A_POLL_MS, is_ratio=False)
    name = f"configuration, {size.environments:,} environments"
    return [
        Figure(f"{name}, made anew, p50", first, Unit.MILLISECONDS, "its rows read, its JSON written", floor, aim),
        Figure(f"{name}, nothing happened, p50", second, Unit.MILLISECONDS, "one question to the database", one, at_most(6, is_ratio=True)),
    ]


async def _turn_about(rounds: int, *ways: Callable[[], Awaitable[None]]) -> list[float]:
    took: list[list[float]] = [[] for _ in ways]
    for number in range(rounds + 1):
        for samples, way in zip(took, ways, strict=True):
            began = perf_counter()
            await way()
            if number:  # the first warms up
                samples.append((perf_counter() - began) * 1000)
    return [p50(each) for each in took]
