"""What was said through the API, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.command import CommandState, Taken
from bot.store.console import ConsoleLine, ConsoleStore
from bot.store.store import Store
from bot.store.tables import messages
from bot.store.web_tables import api_commands


@dataclass(frozen=True)
class SaidOnce:
    """A text that was said under an id."""

    id: str
    person_key: str
    text_hash: str
    thread: str
    created_at: float = 0.0


@dataclass(frozen=True)
class Progress:
    """`state`: waiting, running, or how it ended; the worst of its commands."""

    state: str
    commands: Sequence[Taken]
    slugs: dict[str, str]  # environment id → slug
    lines: Sequence[ConsoleLine]


_WORST_FIRST = (CommandState.FAILED, CommandState.REFUSED, CommandState.CANCELLED)


def message_key(id: str) -> str:
    return f"api:{id}"


class ApiCommands:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._lines = ConsoleStore(store)

    async def begin(self, said: SaidOnce) -> SaidOnce:
        """Keep it, or find what was said under that id before."""
        insert = sqlite.insert if self._store.database.is_sqlite else postgresql.insert
        async with self._store.transaction() as transaction:
            row = {"id": said.id, "person_key": said.person_key, "text_hash": said.text_hash, "thread": said.thread}
            await transaction.connection.execute(insert(api_commands).values(**row, created_at=transaction.now).on_conflict_do_nothing())
            found = (await transaction.connection.execute(select(api_commands).where(api_commands.c.id == said.id))).one()
            return SaidOnce(*found)

    async def find(self, id: str) -> SaidOnce | None:
        async with self._store.look() as look:
            row = (await look.connection.execute(select(api_commands).where(api_commands.c.id == id))).first()
            return SaidOnce(*row) if row else None

    async def progress(self, said: SaidOnce) -> Progress:
        heard = await self._lines.heard(said.thread, message_key(said.id))
        lines = await self._lines.lines(said.thread, 0)
        async with self._store.look() as look:
            query = select(messages.c.id, messages.c.state).where(messages.c.key == message_key(said.id))
            row = (await look.connection.execute(query)).first()
            taken = sorted(await look.taken.of(row.id), key=lambda each: each.position) if row else []
            ids = {each.environment_id for each in taken if each.environment_id}
            found = [await look.environments.get(id_) for id_ in ids]
        slugs = {each.id: each.slug for each in found if each}
        if row is not None and row.state == "failed":
            return Progress("failed", taken, slugs, lines)
        if not heard.is_heard:
            return Progress("waiting", taken, slugs, lines)
        worst = next((str(state) for state in _WORST_FIRST if state in heard.states), "done")
        return Progress(worst if heard.is_settled else "running", taken, slugs, lines)
