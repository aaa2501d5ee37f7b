"""Requests that nobody answered in their time end, and whoever asked hears of it."""

from __future__ import annotations

import msgspec

from bot.domain.approval import ApprovalState
from bot.domain.command import CommandState, Event
from bot.replies import approval as words
from bot.store.store import Store


async def end_what_waited_too_long(store: Store) -> int:
    """How many there were. Several workers may look at once: the row decides whose they are."""
    async with store.look() as look:
        late = await look.approvals.late(look.now)
    for each in late:
        await _end(each.id, store)
    return len(late)


async def _end(id: str, store: Store) -> None:
    async with store.transaction() as transaction:
        request = await transaction.approvals.locked(id)
        if request is None or request.state is not ApprovalState.OPEN:
            return
        await transaction.approvals.save(msgspec.structs.replace(request, state=ApprovalState.LATE, decided_at=transaction.now))
        await transaction.reach(request.environment_id, request.goal, CommandState.CANCELLED, "too_late")
        about = {"kind": "approval_late", "environment_id": request.environment_id, "project": request.project}
        await transaction.note(Event(at=transaction.now, data={}, actor="trellis", **about))
        environment = await transaction.environments.get(request.environment_id)
        if environment is not None and environment.is_wanted:
            await transaction.post(request.thread, words.nobody_answered(environment, request))
