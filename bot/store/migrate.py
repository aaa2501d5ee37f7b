"""Bringing a database to this version's tables."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database

_LOCK_NUMBER = 7_264_581


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return made


def _upgrade(connection: Connection, revision: str) -> None:
    made = config()
    made.attributes["connection"] = connection
    command.upgrade(made, revision)


async def migrate(database: Database, revision: str = "head") -> None:
    """Run every migration that is missing, in one transaction; two at once wait for each other."""
    async with database.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        if await revision_of(connection) != (newest() if revision == "head" else revision):
            await connection.run_sync(_upgrade, revision)


@cache
def newest() -> str:
    return str(ScriptDirectory.from_config(config()).get_current_head())


async def revision_of(connection: AsyncConnection) -> str | None:
    """The revision the database is at; None for an empty one."""
    return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
