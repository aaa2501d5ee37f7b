"""The two kinds of database, empty and with all tables, each a whole of its own that goes at the end."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench import parts
from bench.figures import CannotRun
from bot.settings import Settings
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store

New = Callable[[str], AbstractAsyncContextManager[Store]]
"""A new database of that name."""


@asynccontextmanager
async def _store(url: str) -> AsyncIterator[Store]:
    store = Store(Database(Settings(database_url=url).sql_url))
    try:
        await migrate(store.database)
        yield store
    finally:
        await store.database.close()


@asynccontextmanager
async def sqlite() -> AsyncIterator[New]:
    async with parts.folder() as home:
        yield lambda name: _store(f"sqlite:///{home}/{name}.db")


@asynccontextmanager
async def postgres() -> AsyncIterator[New]:
    """A real server out of the pgserver wheel. Raises CannotRun where there is none."""
    try:
        pgserver: Any = import_module("pgserver")  # not for every platform
    except ImportError:
        raise CannotRun("there is no pgserver wheel for this Python and platform") from None
    with tempfile.TemporaryDirectory(prefix=f"{parts.MARK}-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # root's server runs as another user
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            uri = str(server.get_uri())

            @asynccontextmanager
            async def new(name: str) -> AsyncIterator[Store]:
                admin = create_async_engine(uri.replace("postgresql://", "postgresql+asyncpg://"), isolation_level="AUTOCOMMIT")
                async with admin.connect() as connection:
                    await connection.execute(text(f"CREATE DATABASE {name}"))
                await admin.dispose()
                head, _, tail = uri.partition("?")
                async with _store(f"{head.rpartition('/')[0]}/{name}?{tail}") as store:
                    yield store

            yield new
        finally:
            server.cleanup()
