"""The lines of terminals' threads, and what a terminal waits for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.approval import ApprovalState
from bot.domain.command import CommandState
from bot.store.approval_tables import approvals
from bot.store.store import Store
from bot.store.tables import cards, commands, console_posts, messages, outbox

_LOCK_NUMBER = 8_700_002


@dataclass(frozen=True)
class ConsoleLine:
    version: int
    kind: str  # post, card, reaction
    marker: str
    body: str


@dataclass(frozen=True)
class Heard:
    """What became of one message of a terminal."""

    is_heard: bool
    is_settled: bool  # every command has ended and everything was said
    states: tuple[str, ...]


class ConsoleStore:
    """Fills `bot.chats.console.ConsoleRows`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, thread: str, kind: str, marker: str, body: str) -> None:
        async with self._store.transaction() as transaction:
            if not self._store.database.is_sqlite:  # in the order of the commits: whoever asks for what is new misses nothing
                await transaction.connection.execute(select(func.pg_advisory_xact_lock(_LOCK_NUMBER)))
            newest = select(func.coalesce(func.max(console_posts.c.version), 0) + 1)
            version = (await transaction.connection.execute(newest)).scalar_one()
            insert = sqlite.insert if self._store.database.is_sqlite else postgresql.insert
            statement = insert(console_posts).values(thread_address=thread, kind=kind, marker=marker, body=body, version=version)
            changed = {"kind": kind, "body": body, "version": version}
            await transaction.connection.execute(statement.on_conflict_do_update(index_elements=["thread_address", "marker"], set_=changed))

    async def lines(self, thread: str, after: int, limit: int = 200) -> list[ConsoleLine]:
        """What was said or changed after version `after`, oldest first."""
        columns = console_posts.c
        query = select(columns.version, columns.kind, columns.marker, columns.body)
        query = query.where(columns.thread_address == thread, columns.version > after).order_by(columns.version).limit(limit)
        async with self._store.look() as look:
            return [ConsoleLine(*row) for row in await look.connection.execute(query)]

    async def last(self, thread: str, limit: int) -> list[ConsoleLine]:
        """The last lines of a thread, oldest first."""
        columns = console_posts.c
        query = select(columns.version, columns.kind, columns.marker, columns.body).where(columns.thread_address == thread)
        async with self._store.look() as look:
            rows = (await look.connection.execute(query.order_by(columns.version.desc()).limit(limit))).all()
        return [ConsoleLine(*row) for row in reversed(rows)]

    async def now(self) -> float:
        async with self._store.look() as look:
            return look.now

    async def newest(self) -> int:
        async with self._store.look() as look:
            return int((await look.connection.execute(select(func.coalesce(func.max(console_posts.c.version), 0)))).scalar_one())

    async def heard(self, thread: str, key: str) -> Heard:
        async with self._store.look() as look:
            connection = look.connection
            row = (await connection.execute(select(messages.c.id, messages.c.state).where(messages.c.key == key))).first()
            if row is None or row.state == "new":
                return Heard(is_heard=False, is_settled=False, states=())
            is_asked = exists().where(approvals.c.environment_id == commands.c.environment_id, approvals.c.state == ApprovalState.OPEN)
            waits = commands.c.goal.startswith("approval:") | ((commands.c.goal == "rollout") & is_asked)
            query = select(commands.c.state, waits.label("waits")).where(commands.c.message_id == row.id).order_by(commands.c.position)
            # What waits for another person's word may wait for a day: nobody at a terminal does.
            found = await connection.execute(query)
            states = tuple("waiting" if each.state == CommandState.RUNNING and each.waits else each.state for each in found)
            unsaid = select(outbox.c.id).where(outbox.c.thread_address == thread, outbox.c.state == "waiting").limit(1)
            undrawn = (
                select(cards.c.id).where(cards.c.thread_address == thread, cards.c.due_at.is_not(None), cards.c.is_dead.is_(False)).limit(1)
            )
            is_silent = (await connection.execute(unsaid)).first() is None and (await connection.execute(undrawn)).first() is None
            return Heard(is_heard=True, is_settled=is_silent and CommandState.RUNNING not in states, states=states)
