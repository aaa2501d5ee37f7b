"""The databases that the store's tests run on: SQLite always, PostgreSQL in its own lane."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import random
import secrets
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.database import Database
from bot.store.migrate import migrate

_TURNS = 0.1
_COMPILED: dict[str, Engine] = {}
WANTS_POSTGRES = bool(os.environ.get("TRELLIS_TEST_POSTGRES"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real server of its own, as an address without a database; skipped, visibly, where the wheel has none."""
    pgserver = pytest.importorskip("pgserver", reason="no pgserver wheel for this platform")
    # Not below pytest's own folder: each run of pytest closes that to other users, and root's server runs as one.
    with tempfile.TemporaryDirectory(prefix="trellis-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()


def _with_database(uri: str, name: str) -> str:
    head, _, tail = uri.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{tail}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'trellis.db'}"
        return
    if not WANTS_POSTGRES:
        pytest.skip("in its own lane: make test-postgres")
    uri = request.getfixturevalue("postgres")
    name = f"t{secrets.token_hex(6)}"
    admin = create_async_engine(uri.replace("postgresql://", "postgresql+asyncpg://"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield _with_database(uri, name)
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


@functools.cache
def _template() -> bytes:
    """A SQLite file with all tables and no rows. Made once in a process: migrating anew for every test is most of a small test's time."""

    async def make(path: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await migrate(database)
        async with database.write() as connection:
            await connection.execute(text("SELECT 1"))
        _COMPILED["first"] = database.engine.sync_engine
        await database.close()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        thread = threading.Thread(target=lambda: asyncio.run(make(path)))  # a loop of its own: the caller's runs
        thread.start()
        thread.join()
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


def prepare(sql_url: str) -> None:
    """Give an SQLite database that does not exist yet its tables; every other one has to be migrated."""
    scheme, _, path = sql_url.partition(":///")
    if scheme.startswith("sqlite") and not Path(path).exists():
        Path(path).write_bytes(_template())


def at_once(chance: random.Random) -> Callable[..., Coroutine[Any, Any, Any]]:
    """SQLite without a thread of its own for each connection, which is most of what a statement costs. Now and then others have their turn."""

    async def execute(connection: aiosqlite.Connection, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if chance.random() < _TURNS:
            await asyncio.sleep(0)
        return work(*arguments, **named)

    return execute


def unflushed(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def compile_once(engine: Engine) -> None:
    """Take the words of statements from the engines that this process had before: each would compile the same hundreds anew."""
    first = _COMPILED.setdefault("first", engine)
    engine.dialect = engine.pool._dialect = first.dialect  # the words are kept by dialect
    engine._compiled_cache = first._compiled_cache


@contextlib.contextmanager
def in_the_callers_thread(database: Database) -> Iterator[None]:
    """SQLite in the thread of whoever asks, and without waiting for a disk; PostgreSQL as it is. Threads of their own are tried where
    processes are real (tests/store, tests/chaos).
    """
    with pytest.MonkeyPatch.context() as patched:
        if database.is_sqlite:
            compile_once(database.engine.sync_engine)
            patched.setattr(aiosqlite.Connection, "_execute", at_once(random.Random()))
            event.listen(database.engine.sync_engine, "connect", unflushed)
        yield
