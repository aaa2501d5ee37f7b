"""The dashboard's first page, as the server gives it: with 10,000 environments beside 50, and beside a file of the same size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import httpx
import msgspec
from fastapi import FastAPI
from sqlalchemy import insert
from starlette.responses import Response

from bench import parts
from bench.figures import Figure, Unit, at_most, p50
from bot.app.engines import place_of
from bot.app.web import web_app
from bot.domain.environment import Environment, State
from bot.domain.message import Person, Platform, Thread
from bot.settings import Settings
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.sessions import Sessions
from bot.store.store import Store
from bot.store.tables import environments

DANA = Person(Platform.CONSOLE, "dana", "dana")
_PAGES = (("mine", "/"), ("everybody's", "/?show=all"), ("the past", "/?show=past"), ("a search", "/?show=all&text=branch-4"))
_FEW = 50
_NOW = 1_800_000_000.0
_IN_A_BATCH = 1_000


@dataclass(frozen=True)
class Size:
    """So many live environments, and as many that are gone."""

    environments: int = 10_000
    visits: int = 20


TINY = Size(60, 2)


async def run(size: Size = Size()) -> Sequence[Figure]:
    async with _client(size.environments) as many, _client(_FEW) as few:
        figures = []
        for name, path in _PAGES:
            ours, beside, floor = await _measure(many, few, path, size.visits)
            label = f"{name}, {size.environments:,} environments"
            figures.append(Figure(f"{label}, p50", ours, Unit.MILLISECONDS, f"the same with {_FEW}", beside, at_most(3, is_ratio=True)))
            figures.append(Figure(f"{label}, p50", ours, Unit.MILLISECONDS, "the same bytes, made before", floor))
    return figures


async def _measure(many: httpx.AsyncClient, few: httpx.AsyncClient, path: str, visits: int) -> tuple[float, float, float]:
    """Milliseconds at p50, turn about, so that what slows the machine slows all of them."""
    took: tuple[list[float], list[float], list[float]] = ([], [], [])
    floor = await _same_bytes(await many.get(path))
    for number in range(visits + 2):  # the first two warm up
        for samples, client, address in zip(took, (many, few, floor), (path, path, "/"), strict=True):
            began = perf_counter()
            answer = await client.get(address)
            passed = (perf_counter() - began) * 1000
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
            if number > 1:
                samples.append(passed)
    await floor.aclose()
    return p50(took[0]), p50(took[1]), p50(took[2])


async def _same_bytes(page: httpx.Response) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/")
    async def same() -> Response:
        return Response(page.content, media_type="text/html")

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://trellis.localhost")


@asynccontextmanager
async def _client(count: int) -> AsyncIterator[httpx.AsyncClient]:
    async with site(count) as (app, cookies):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://trellis.localhost", cookies=dict(cookies)) as client:
            yield client


@asynccontextmanager
async def site(count: int) -> AsyncIterator[tuple[FastAPI, Mapping[str, str]]]:
    """A dashboard over a database of so many, and the cookies of somebody who is signed in."""
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(parts.folder())
        settings = Settings(data_dir=home, projects={"lab": {"forge": "local", "clone_url": str(home)}})  # type: ignore[dict-item]
        store = Store(Database(settings.sql_url))
        stack.push_async_callback(store.database.close)
        await migrate(store.database)
        await _fill(store, count)
        app = web_app(settings, store, place_of(settings, store, None))
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield app, {"trellis-local": await Sessions(store).begin(DANA, "local", 3600)}


async def _fill(store: Store, count: int) -> None:
    rows = [msgspec.to_builtins(an_environment(number, is_live=bool(number % 2))) for number in range(count * 2)]
    async with store.database.write() as connection:
        for first in range(0, len(rows), _IN_A_BATCH):
            await connection.execute(insert(environments), rows[first : first + _IN_A_BATCH])


def an_environment(number: int, *, is_live: bool) -> Environment:
    owner = DANA if number % 20 < 2 else Person(Platform.CONSOLE, f"person-{number % 97}", f"person-{number % 97}")
    return Environment(
        id=f"{number:032}",
        slug=f"branch-{number}-abcdef",
        project="lab",
        source_id="",
        ref=f"refs/heads/branch-{number}",
        name="",
        owner=owner,
        thread=Thread(Platform.CONSOLE, f"console:{owner.id}"),
        created_at=_NOW - number * 60,
        expires_at=_NOW + 86_400,
        sha="a" * 40,
        state=State.READY if is_live else State.GONE,
        gone_at=None if is_live else _NOW - number * 30,
    )
