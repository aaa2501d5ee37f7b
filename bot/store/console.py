"""The lines of terminals' threads, and what a terminal waits for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

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


@dataclass(frozen=True)
class Wish:
    """What somebody waits for: a line of the thread after version `after`, or that all was done which was said as `key`.

    `begun` is enough for who does not wait for work that goes on.
    """

    thread: str
    key: str
    after: int
    begun: bool = False


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
            query = select(commands.c.state, _WAITS.label("waits")).where(commands.c.message_id == row.id).order_by(commands.c.position)
            found = await connection.execute(query)
            states = tuple("waiting" if each.state == CommandState.RUNNING and each.waits else each.state for each in found)
            is_silent = not await _talking(connection, [thread])
            return Heard(is_heard=True, is_settled=is_silent and CommandState.RUNNING not in states, states=states)

    async def fulfilled(self, wishes: Collection[Wish]) -> frozenset[Wish]:
        """Those that have come true, of however many who wait, by one look."""
        async with self._store.look() as look:
            connection = look.connection
            newest = {row.thread_address: row.newest for row in await connection.execute(_newest(wishes))}
            over = set((await connection.execute(_over([wish.key for wish in wishes]))).scalars())
            begun = await _begun(connection, [wish.key for wish in wishes if wish.begun])
            talking = await _talking(connection, [wish.thread for wish in wishes if wish.key in over])
        return frozenset(
            wish
            for wish in wishes
            if newest.get(wish.thread, 0) > wish.after or wish.key in begun or (wish.key in over and wish.thread not in talking)
        )


_IS_ASKED = exists().where(approvals.c.environment_id == commands.c.environment_id, approvals.c.state == ApprovalState.OPEN)
# What waits for another person's word may wait for a day: nobody at a terminal does.
_WAITS = commands.c.goal.startswith("approval:") | ((commands.c.goal == "rollout") & _IS_ASKED)


def _newest(wishes: Collection[Wish]) -> Select[str, int]:
    """By thread, of the lines that somebody may not have heard."""
    columns = console_posts.c
    unheard = columns.version > min(wish.after for wish in wishes)
    threads = {wish.thread for wish in wishes}
    return (
        select(columns.thread_address, func.max(columns.version).label("newest"))
        .where(columns.thread_address.in_(threads), unheard)
        .group_by(columns.thread_address)
    )


def _over(keys: Collection[str]) -> Select[str]:
    """Those messages of which no command is going on."""
    going_on = exists().where(commands.c.message_id == messages.c.id, commands.c.state == CommandState.RUNNING, ~_WAITS)
    return select(messages.c.key).where(messages.c.key.in_(keys), messages.c.state != "new", ~going_on)


async def _begun(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Those messages of which a command is going on, for which nobody else is waited for."""
    if not keys:
        return set()
    going_on = (commands.c.message_id == messages.c.id, commands.c.state == CommandState.RUNNING, ~_WAITS)
    return set((await connection.execute(select(messages.c.key).where(messages.c.key.in_(keys), exists().where(*going_on)))).scalars())


async def _talking(connection: AsyncConnection, threads: Collection[str]) -> set[str]:
    """Those of the threads in which something is still to be said or drawn."""
    if not threads:
        return set()
    unsaid = select(outbox.c.thread_address).where(outbox.c.thread_address.in_(threads), outbox.c.state == "waiting")
    is_due = cards.c.due_at.is_not(None) & cards.c.is_dead.is_(False)
    undrawn = select(cards.c.thread_address).where(cards.c.thread_address.in_(threads), is_due)
    return set((await connection.execute(unsaid.union(undrawn))).scalars())
