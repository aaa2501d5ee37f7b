"""SQLite's connections, each in a thread of its own, to which a statement goes once: with its rows it comes back.

aiosqlite goes there for the cursor, for the statement, for its rows and to close it; where other things run on the machine, each
way is a wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

import aiosqlite
from sqlalchemy import Engine, event


class OneTripCursor(aiosqlite.Cursor):
    """Its rows are here when a statement has been executed."""

    def __init__(self, connection: aiosqlite.Connection) -> None:  # there is no cursor yet that aiosqlite's could be given
        self.iter_chunk_size = 64
        self._conn = connection
        self._cursor: Any = None  # until something is executed
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> OneTripCursor:
        return await self._there(lambda cursor: cursor.execute(sql, tuple(parameters or ())))

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> OneTripCursor:
        return await self._there(lambda cursor: cursor.executemany(sql, parameters))

    async def _there(self, work: Callable[[sqlite3.Cursor], sqlite3.Cursor]) -> OneTripCursor:
        def go() -> tuple[sqlite3.Cursor, list[Any]]:
            done = work(self._conn._conn.cursor())  # noqa: SLF001 - as aiosqlite's own connection makes one
            return done, done.fetchall() if done.description else []

        self._cursor, self._rows = await self._execute(go)  # type: ignore[no-untyped-call]
        return self

    async def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = size or self.arraysize
        found, self._rows = self._rows[:wanted], self._rows[wanted:]
        return found

    async def fetchall(self) -> list[Any]:
        found, self._rows = self._rows, []
        return found

    async def close(self) -> None:
        """A statement whose rows were all fetched holds nothing."""
        self._rows = []


class OneTripConnection(aiosqlite.Connection):
    def cursor(self) -> Any:
        """Used as aiosqlite's is: awaited, or as a context."""
        return _Ready(OneTripCursor(self))


class _Ready:
    def __init__(self, cursor: OneTripCursor) -> None:
        self._cursor = cursor

    async def __aenter__(self) -> OneTripCursor:
        return self._cursor

    async def __aexit__(self, *_: object) -> None:
        await self._cursor.close()


def _connect(database: str, **options: Any) -> OneTripConnection:
    connection = OneTripConnection(lambda: sqlite3.connect(database, **options), 64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does it with aiosqlite's own
    return connection


def go_once(engine: Engine) -> None:
    """Have the engine (of `create_async_engine`) make such connections."""

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, ___: object, options: dict[str, Any]) -> None:
        options["async_creator_fn"] = _connect
