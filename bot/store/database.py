"""One engine for SQLite and PostgreSQL: durable, and writing from the first statement on."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store.one_trip import go_once

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000


class Clock(Protocol):
    """Gives the time, in seconds since the epoch, that a whole transaction goes by."""

    async def now(self, connection: AsyncConnection | None) -> float:
        """`connection` is None where the database is a file of this machine."""


class DatabaseClock:
    """The database's own time. For SQLite that is this machine's, for the file is on it."""

    async def now(self, connection: AsyncConnection | None) -> float:
        if connection is None or connection.dialect.name == "sqlite":
            return time.time()
        return float((await connection.execute(text("SELECT extract(epoch FROM clock_timestamp())"))).scalar_one())


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class _File(sqlite3.Connection):
    """Closed in a transaction, it lets go of it first: a statement that somebody still holds would keep it, and the lock for writing."""

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # closed already
            self.rollback()
        super().close()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A deferred transaction that turns into a write fails at once when another writes; see docs/decisions.md.
        kind = "DEFERRED" if connection.get_execution_options().get("is_reading") else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {kind}")


def _in_transaction(engine: Engine, work: Callable[[Connection, float], T], now: float) -> T:
    with engine.begin() as connection:
        return work(connection, now)


class Database:
    """Connections to the one database. `url` is as SQLAlchemy's async engine takes it."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        for_sqlite: dict[str, Any] = {"connect_args": {"factory": _File}}
        options = for_sqlite if self.is_sqlite else {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}
        self.engine = create_async_engine(url, json_serializer=_encode, json_deserializer=msgspec.json.decode, **options)
        self.clock = clock or DatabaseClock()
        # SQLite lets one write at a time; waiting here is fair and wakes at once, its busy handler sleeps.
        self._writing: asyncio.Lock | None = asyncio.Lock() if self.is_sqlite else None
        self._file: Engine | None = None
        if self.is_sqlite:
            go_once(self.engine.sync_engine)
            _prepare_sqlite(self.engine.sync_engine)
        if self.is_sqlite and parsed.database and parsed.database != ":memory:":
            self._file = create_engine(parsed.set(drivername="sqlite"), json_serializer=_encode, json_deserializer=msgspec.json.decode)
            _prepare_sqlite(self._file)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that commits at the end of the block, or rolls back when it raises."""
        async with self._writing or nullcontext(), self.engine.begin() as connection:
            yield connection

    async def write_at_once(self, work: Callable[[Connection, float], T]) -> T:
        """Run `work` with a connection and the time in a transaction of its own, from begin to commit in one go.

        On SQLite that is one turn of a thread; `write` takes a dozen, which counts where many wait for the commit.
        """
        if self._file is None:
            async with self.write() as connection:
                return await connection.run_sync(work, await self.clock.now(connection))
        async with self._writing or nullcontext():
            return await asyncio.to_thread(_in_transaction, self._file, work, await self.clock.now(None))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only looks."""
        async with self.engine.connect() as connection:
            await connection.execution_options(is_reading=True)
            async with connection.begin():
                yield connection

    async def close(self) -> None:
        await self.engine.dispose()
        if self._file:
            self._file.dispose()
