"""The inbox: deliveries made durable in groups, one commit for all that waited, acknowledged after it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import TextClause, text

from bot.domain.ids import new_id
from bot.domain.message import BranchDeleted, Edited, Incoming, Pushed, RequestClosed, Said
from bot.store.store import Store

MOST_IN_A_GROUP = 500
_RINGS_A_GROUP = 4
_QUIET_TURNS = 2  # of the event loop: one reads what has come, one lets it be handled


@dataclass(frozen=True)
class _Statements:
    """A whole group as one JSON array: the database takes it apart faster than we could hand over its rows."""

    deliveries: TextClause
    messages: TextClause


def _statements(rows: str, column: Callable[[int], str]) -> _Statements:
    deliveries = f"INSERT INTO deliveries (platform, delivery_key, event, received_at) SELECT {column(0)}, {column(1)}, {column(2)}, :now FROM {rows}"
    messages = f"""INSERT INTO messages ("key", lane, body, state, received_at, troubles, due_at)
        SELECT {column(0)}, {column(1)}, {column(2)}, 'new', :now, 0, :now FROM {rows}"""
    return _Statements(text(f"{deliveries} WHERE true ON CONFLICT DO NOTHING"), text(f"{messages} WHERE true ON CONFLICT DO NOTHING RETURNING id"))


_STATEMENTS = {
    "sqlite": _statements("json_each(:rows)", lambda at: f"json_extract(value, '$[{at}]')"),
    "postgresql": _statements("json_array_elements(CAST(:rows AS json))", lambda at: f"value->>{at}"),
}


class InboxClosed(Exception):  # noqa: N818
    """Nothing is taken any more: we are stopping."""


@dataclass
class _Waiting:
    platform: str
    delivery_key: str
    event: str
    incoming: Sequence[Incoming]
    taken: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def _key_of(incoming: Incoming) -> str:
    """Words are unique by content. What happened to a branch may happen again, and only rings it: each time counts."""
    return incoming.key if isinstance(incoming, Said | Edited) else f"{incoming.key}#{new_id()}"


def _lane_of(incoming: Incoming) -> str:
    if isinstance(incoming, Said | Edited):
        return incoming.thread.address
    if isinstance(incoming, Pushed | BranchDeleted | RequestClosed):
        return f"project:{incoming.project}:{incoming.ref}"[:400]
    raise TypeError(incoming)


class Inbox:
    """Call `run` once as a task; then `take` from anywhere."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="inbox")

    async def stop(self) -> None:
        """Let what is being written end; what has not begun is refused, its sender will send again."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        while not self._queue.empty():
            self._queue.get_nowait().taken.set_exception(InboxClosed())

    async def take(self, platform: str, delivery_key: str, event: str, incoming: Sequence[Incoming]) -> None:
        """Return when it is durable. The same delivery, or the same words in another one, is taken once."""
        waiting = _Waiting(platform, delivery_key[:200], event[:100], incoming)
        self._queue.put_nowait(waiting)
        await waiting.taken

    async def _run(self) -> None:
        while True:
            group = await self._next_group()
            try:
                rings = await asyncio.shield(self._write(group))
            except asyncio.CancelledError:
                for waiting in group:
                    waiting.taken.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - each sender is told, and sends again
                for waiting in group:
                    waiting.taken.set_exception(error)
                continue
            for waiting in group:
                if not waiting.taken.done():
                    waiting.taken.set_result(None)
            if rings:
                await self._store.ringer(rings)

    async def _next_group(self) -> list[_Waiting]:
        """Whoever waits, with those who are at the door: a commit costs the same for one as for many."""
        group = [await self._queue.get()]
        quiet_turns = 0
        while quiet_turns < _QUIET_TURNS and len(group) < MOST_IN_A_GROUP:
            quiet_turns = 0 if not self._queue.empty() else quiet_turns + 1
            while len(group) < MOST_IN_A_GROUP and not self._queue.empty():
                group.append(self._queue.get_nowait())
            await asyncio.sleep(0)
        return group

    async def _write(self, group: Sequence[_Waiting]) -> list[tuple[str, str]]:
        async with self._store.database.write() as connection:
            now = await self._store.database.clock.now(connection)
            statements = _STATEMENTS[connection.dialect.name]
            delivered = msgspec.json.encode([(each.platform, each.delivery_key, each.event) for each in group]).decode()
            await connection.execute(statements.deliveries, {"rows": delivered, "now": now})
            rows = [
                (_key_of(incoming)[:400], _lane_of(incoming), msgspec.json.encode(incoming).decode())
                for each in group
                for incoming in each.incoming
            ]
            if not rows:
                return []
            taken = await connection.execute(statements.messages, {"rows": msgspec.json.encode(rows).decode(), "now": now})
            ids = [str(id_) for id_ in taken.scalars()]
        return [("hear", id_) for id_ in ids[:_RINGS_A_GROUP]]
