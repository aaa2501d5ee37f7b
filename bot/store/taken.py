"""Commands that were taken, as rows: each once, and how each ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import meters
from bot.domain.command import CommandState, Taken
from bot.store.rows import struct_of
from bot.store.tables import commands, messages


class TakenRows:
    """What is asked of the tables inside one transaction, which goes by `now`; `counts` are for the metrics, once it is committed."""

    def __init__(self, connection: AsyncConnection, now: float, counts: list[Callable[[], None]]) -> None:
        self._connection = connection
        self._now = now
        self._counts = counts

    async def take(self, taken: Taken) -> bool:
        """Record a command; False when this message's command at this place was taken before."""
        on_conflict = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        statement = on_conflict(commands).values(msgspec.to_builtins(taken)).on_conflict_do_nothing().returning(commands.c.id)
        is_new = (await self._connection.execute(statement)).first() is not None
        if is_new and taken.state is not CommandState.RUNNING:
            self._count(taken, taken.state, taken.code)
        return is_new

    async def end(self, taken: Taken, state: CommandState, code: str = "") -> None:
        statement = update(commands).where(commands.c.id == taken.id, commands.c.state == CommandState.RUNNING)
        ended = statement.values(state=state, code=code, ended_at=self._now).returning(commands.c.message_id)
        message_id = (await self._connection.execute(ended)).scalar_one_or_none()
        if message_id is None:
            return
        seconds = None
        if state is CommandState.DONE and taken.goal.startswith("generation:"):
            arrived = select(messages.c.received_at).where(messages.c.id == message_id)
            seconds = self._now - ((await self._connection.execute(arrived)).scalar_one_or_none() or taken.created_at)
        self._count(taken, state, code, seconds)

    def _count(self, taken: Taken, state: CommandState, code: str, seconds: float | None = None) -> None:
        """For the metrics, once this is committed."""
        self._counts.append(partial(meters.command_ended, taken.words, taken.person.platform.value, state.value, code, seconds))

    async def running(self, environment_id: str) -> Sequence[Taken]:
        """The commands that wait for something of this environment, oldest first."""
        query = select(commands).where(commands.c.environment_id == environment_id, commands.c.state == CommandState.RUNNING)
        rows = (await self._connection.execute(query.order_by(commands.c.created_at))).mappings()
        return [struct_of(row, Taken) for row in rows]

    async def has(self, message_id: int, position: int) -> bool:
        query = select(commands.c.id).where(commands.c.message_id == message_id, commands.c.position == position)
        return (await self._connection.execute(query)).first() is not None

    async def of(self, message_id: int) -> Sequence[Taken]:
        rows = (await self._connection.execute(select(commands).where(commands.c.message_id == message_id))).mappings()
        return [struct_of(row, Taken) for row in rows]
