"""The inbox: deliveries made durable in groups, one commit for all that waited, acknowledged after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from bot import tracing
from bot.domain.ids import new_id
from bot.domain.message import (
    BranchDeleted,
    Edited,
    FormAsked,
    HomeOpened,
    Incoming,
    Judged,
    Pushed,
    RequestClosed,
    RequestMoved,
    RequestOpened,
    Said,
)
from bot.store.store import Store
from bot.store.tables import deliveries, messages
from bot.store.transaction import Ring
from processes.killpoint import killpoint

MOST_IN_A_GROUP = 500
_MOST_RINGS = 16
_LINGER_S = 0.001


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
    """Words are unique by content, and so is a request's opening. What happened to a branch may happen again, and only rings it."""
    return incoming.key if isinstance(incoming, Said | Edited | RequestOpened | FormAsked | HomeOpened) else f"{incoming.key}#{new_id()}"


def _lane_of(incoming: Incoming) -> str:
    if isinstance(incoming, Said | Edited | HomeOpened):
        return incoming.thread.address
    if isinstance(incoming, FormAsked):
        return incoming.said.thread.address
    if isinstance(incoming, Pushed | BranchDeleted | RequestOpened | RequestClosed | RequestMoved):
        return f"project:{incoming.project}:{incoming.ref}"[:400]
    if isinstance(incoming, Judged):
        return f"project:{incoming.project}:judged"
    raise TypeError(incoming)


class Inbox:
    """Call `run` once as a task; then `take` from anywhere."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._is_crowded = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="inbox")

    async def stop(self) -> None:
        """Let what is being written end; what has not begun is refused, its sender will send again."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
        while not self._queue.empty():
            waiting = self._queue.get_nowait()
            if not waiting.taken.done():
                waiting.taken.set_exception(InboxClosed())

    async def take(self, platform: str, delivery_key: str, event: str, incoming: Sequence[Incoming]) -> None:
        """Return when it is durable. The same delivery, or the same words in another one, is taken once."""
        waiting = _Waiting(platform, delivery_key[:200], event[:100], incoming)
        with tracing.root("take", incoming[0].key[:400], platform=platform, kind=type(incoming[0]).__name__) if incoming else nullcontext():
            self._queue.put_nowait(waiting)
            await waiting.taken

    async def _run(self) -> None:
        while True:
            group: list[_Waiting] = []
            try:
                await self._gather(group)
                rings = await asyncio.shield(self._write(group))
            except asyncio.CancelledError:
                for waiting in group:
                    waiting.taken.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - each sender is told, and sends again
                for waiting in group:
                    if not waiting.taken.done():
                        waiting.taken.set_exception(error)
                continue
            for waiting in group:
                if not waiting.taken.done():
                    waiting.taken.set_result(None)
            if rings:
                await self._store.ringer(rings)
                killpoint("api.inbox.rung")

    async def _gather(self, group: list[_Waiting]) -> None:
        """Take whoever waits. Where several came last time, others are at the door: one commit for all of them costs least."""
        group.append(await self._queue.get())
        if self._is_crowded:
            await asyncio.sleep(_LINGER_S)
        while len(group) < MOST_IN_A_GROUP and not self._queue.empty():
            group.append(self._queue.get_nowait())
        self._is_crowded = len(group) > 1

    async def _write(self, group: Sequence[_Waiting]) -> list[Ring]:
        rings = await self._store.database.write_at_once(partial(_insert, group))
        killpoint("api.inbox.committed")
        return rings


async def take_at_once(store: Store, platform: str, event: str, incoming: Sequence[Incoming]) -> None:
    """The same for whoever found it by asking: durable when it returns, what was there already is left as it is."""
    if incoming:
        waiting = _Waiting(platform, incoming[0].key[:200], event[:100], incoming)
        rings = await store.database.write_at_once(partial(_insert, [waiting]))
        if rings:
            await store.ringer(rings)


def _insert(group: Sequence[_Waiting], connection: Connection, now: float) -> list[Ring]:
    """Write all rows of a group; for each lane the ring that has it looked at."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    delivered = [{"platform": each.platform, "delivery_key": each.delivery_key, "event": each.event, "received_at": now} for each in group]
    connection.execute(deliveries.insert(), delivered)
    rows = [_row_of(incoming, now) for each in group for incoming in each.incoming]
    if not rows:
        return []
    taken = connection.execute(insert(messages).on_conflict_do_nothing().returning(messages.c.id, messages.c.lane), rows)
    newest = {row.lane: row.id for row in taken}
    killpoint("api.inbox.before_commit")
    return [("hear", str(id_)) for id_ in list(newest.values())[:_MOST_RINGS]]


def _row_of(incoming: Incoming, now: float) -> dict[str, Any]:
    return {
        "key": _key_of(incoming)[:400],
        "lane": _lane_of(incoming),
        "body": msgspec.json.encode(incoming).decode(),
        "state": "new",
        "received_at": now,
        "troubles": 0,
        "due_at": now,
    }
