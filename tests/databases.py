"""The databases that the store's tests run on: SQLite always, PostgreSQL in its own lane."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

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
