"""Migrations run on a database that has rows, and give the tables that the code expects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, Column, Connection, Float, Integer, LargeBinary, MetaData, String, select

import bot.store.all_tables  # noqa: F401 - every table is known from here on
from bot.domain.command import CommandState, Event, Taken
from bot.domain.environment import Address, Environment, Failure, State
from bot.domain.message import Dialect, Person, Platform, Said, Thread
from bot.domain.prose import Reaction, Reply, Tone, line
from bot.settings import Settings
from bot.store import hearing
from bot.store.console import ConsoleStore
from bot.store.database import Database
from bot.store.inbox import Inbox
from bot.store.migrate import config, migrate, newest, revision_of
from bot.store.store import Store
from bot.store.tables import metadata

DANA = Person(Platform.GITHUB, "7", "dana")
THREAD = Thread(Platform.GITHUB, "github:shop:12", title="über")
FULL = Environment(
    id="e1",
    slug="demo-abc123",
    project="shop",
    source_id="42",
    ref="refs/heads/demo",
    name="second",
    request=12,
    owner=DANA,
    thread=THREAD,
    created_at=1.5,
    expires_at=9e9,
    sha="a" * 40,
    tilt_args=("--only", "web api"),
    state=State.FAILED,
    settled_generation=1,
    addresses=(Address("web", "http://demo-abc123.localhost"),),
    failure=Failure("failed", "it broke", "starting", ("line 1", "line 2")),
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(Settings(database_url=database_url).sql_url)
    yield made
    await made.close()


async def fill(store: Store) -> None:
    """A row in every table, every column with something in it."""
    inbox = Inbox(store)
    inbox.start()
    await inbox.take("github", "d1", "issue_comment", (Said("k1", DANA, THREAD, "/ivy create", "issue:5", Dialect.MARKDOWN, "shop", 12),))
    await inbox.stop()
    async with store.transaction() as transaction:
        assert await transaction.add(FULL)
        await transaction.open_card(THREAD, FULL)
        await transaction.post(THREAD, Reply(Tone.GOOD, (line("hello"),), DANA, "code"))
        await transaction.react(THREAD, "issue:5", Reaction.SEEN)
        await transaction.note(
            Event(at=1.0, kind="created", environment_id="e1", project="shop", actor="github:dana", data={"sha": "a" * 40})
        )
        await transaction.taken.take(
            Taken(
                id="c1",
                message_id=1,
                position=0,
                words="ivy create",
                line="/ivy create",
                person=DANA,
                thread=THREAD,
                asked_by_message="issue:5",
                state=CommandState.RUNNING,
                environment_id="e1",
                goal="generation:1",
                created_at=1.0,
            )
        )
    await store.beat("worker:1", "1", 5)
    await ConsoleStore(store).put("console:dana", "post", "post:1", "{}")


async def test_what_was_written_is_read_back_the_same(database: Database) -> None:
    await migrate(database)
    store = Store(database)
    await fill(store)
    async with store.look() as look:
        found = await look.environments.get("e1")
        [taken] = await look.taken.running("e1")
        [event] = await look.events_of("e1")
        heard = await hearing.by_key(look.connection, "k1")
    assert found == msgspec.structs.replace(FULL, due_at=9e9 - 4 * 3600)
    assert (taken.person, taken.thread, taken.goal) == (DANA, THREAD, "generation:1")
    assert (event.kind, event.actor, event.data) == ("created", "github:dana", {"sha": "a" * 40})
    assert heard is not None
    assert heard[0].incoming == Said("k1", DANA, THREAD, "/ivy create", "issue:5", Dialect.MARKDOWN, "shop", 12)


def _sample(column: Column[Any]) -> object:
    """Something that such a column may hold."""
    samples: list[tuple[type, object]] = [
        (LargeBinary, b"\x00x"),
        (JSON, {"some": "json"}),
        (Boolean, True),
        (Integer, 1),
        (Float, 1.5),
        (String, "x"),
    ]
    return next(value for kind, value in samples if isinstance(column.type, kind))


def _fill_empty(connection: Connection) -> dict[str, Any]:
    """A row, every column filled, in each table that has none; what is in all tables then."""
    found = MetaData()
    found.reflect(connection)
    tables = [table for table in found.sorted_tables if table.name != "alembic_version"]
    for table in tables:
        if connection.execute(select(table)).first() is None:
            connection.execute(table.insert().values({column.name: _sample(column) for column in table.columns}))
    return {table.name: [dict(row) for row in connection.execute(select(table)).mappings()] for table in tables}


async def test_each_migration_keeps_the_rows_there_are(database: Database) -> None:
    """Every one runs with a row in each table that was there before it."""
    revisions = [script.revision for script in reversed(list(ScriptDirectory.from_config(config()).walk_revisions()))]
    before: dict[str, Any] = {}
    for revision in revisions:
        await migrate(database, revision)
        async with database.write() as connection:
            after = await connection.run_sync(_fill_empty)
        for name, [row] in before.items():
            assert {column: value for column, value in after[name][0].items() if column in row} == row, f"{name} in {revision}"
        before = after
    await migrate(database)  # and again changes nothing
    async with database.read() as connection:
        assert await revision_of(connection) == newest() == revisions[-1]
    assert set(before) == set(metadata.tables)


async def test_the_migrations_give_the_tables_that_the_code_expects(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), metadata))

    await migrate(database)
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_one_live_environment_for_each_identity_and_slug(database: Database) -> None:
    await migrate(database)
    store = Store(database)
    async with store.transaction() as transaction:
        assert await transaction.add(FULL)
        assert not await transaction.add(msgspec.structs.replace(FULL, id="e2", slug="other-abc123"))
        assert not await transaction.add(msgspec.structs.replace(FULL, id="e3", name="third"))
        assert await transaction.add(msgspec.structs.replace(FULL, id="e4", name="fourth", slug="fourth-abc123"))
        await transaction.save(msgspec.structs.replace(FULL, state=State.GONE))
        assert await transaction.add(msgspec.structs.replace(FULL, id="e5"))
