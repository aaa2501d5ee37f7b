"""Webhook ingest, durable: comments a second that are verified, understood and on the disk before they are answered."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import hooks, parts
from bench.figures import Figure, Unit, at_least
from bench.load import requests_a_second
from bot.settings import Settings
from bot.store.database import Database
from bot.store.migrate import migrate

CONNECTIONS = 64
_OURS, _VERIFY, _ORM = "ours", "verify", "orm"


@dataclass(frozen=True)
class Size:
    """Requests of one round to the fast servers and to the slow one, and how many rounds."""

    fast: int = 3000
    slow: int = 400
    rounds: int = 5


TINY = Size(20, 20, 1)


async def run(size: Size = Size()) -> Sequence[Figure]:
    rates: dict[str, list[float]] = {_OURS: [], _VERIFY: [], _ORM: []}
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(parts.folder())
        ports = dict(zip(rates, parts.free_ports(len(rates)), strict=True))
        await _serve(stack, home, ports)
        comments = hooks.Comments()
        for round_ in range(size.rounds + 1):  # the first one warms up
            for kind, port in ports.items():
                count = size.slow if kind == _ORM else size.fast
                rate = await requests_a_second(port, comments.requests(count if round_ else count // 4), CONNECTIONS)
                if round_:
                    rates[kind].append(rate)
    ours, verify, orm = (statistics.median(each) for each in rates.values())
    name = "comments taken, durable"
    return (
        Figure(name, ours, Unit.PER_SECOND, "the same server, only verifying", verify, at_least(0.5)),
        Figure(name, ours, Unit.PER_SECOND, "FastAPI, one ORM commit for each", orm, at_least(5)),
    )


async def _serve(stack: AsyncExitStack, home: Path, ports: dict[str, int]) -> None:
    url = await stack.enter_async_context(parts.redis(home))
    settings = {
        "TRELLIS_DATA_DIR": str(home),
        "TRELLIS_REDIS_URL": url,
        "TRELLIS_PORT": str(ports[_OURS]),
        "TRELLIS_GITHUB__API_URL": "http://127.0.0.1:9",  # nobody is asked: no worker runs
        "TRELLIS_GITHUB__TOKEN": "unused",
        "TRELLIS_GITHUB__WEBHOOK_SECRET": hooks.SECRET,
        "TRELLIS_PROJECTS__SHOP__FORGE": "github",
        "TRELLIS_PROJECTS__SHOP__ID": str(hooks.PROJECT_ID),
        "TRELLIS_PROJECTS__SHOP__PATH": "acme/shop",
        "TRELLIS_PROJECTS__SHOP__CLONE_URL": str(home / "shop"),
    }
    database = Database(Settings(data_dir=home).sql_url)
    await migrate(database)
    await database.close()
    await stack.enter_async_context(parts.running(home, _OURS, parts.python("-m", "bot", "serve"), settings))
    for kind in (_VERIFY, _ORM):
        argv = parts.python("-m", "bench.ingest_peers", kind, str(ports[kind]))
        await stack.enter_async_context(parts.running(home, kind, argv, {"BENCH_HOME": str(home)}))
    for kind, port in ports.items():
        await parts.until_listening(port, home / f"{kind}.log")
