"""A store on an empty, migrated database, with a clock that the test owns."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.settings import Settings
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store
from tests.databases import database_url, postgres
from tests.fakes.clock import ManualClock

__all__ = ["database_url", "postgres"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(database_url: str, clock: ManualClock) -> AsyncIterator[Store]:
    made = Store(Database(Settings(database_url=database_url).sql_url, clock))
    await migrate(made.database)
    yield made
    await made.database.close()
