"""What follows when a lock ends, by whom or by time: whoever waited for it is called, and its owner knows."""

from __future__ import annotations

from bot.asking import identity
from bot.context import Transaction
from bot.domain.command import Event
from bot.domain.deployment import Lock, Waits
from bot.replies import locks as words


async def end_what_ran_out(transaction: Transaction) -> int:
    """Locks whose time is over are ended, each once; how many there were."""
    over = await transaction.locks.run_out()
    for lock in over:
        about: dict[str, str | float | bool | None] = {"scope": lock.scope, "reason": lock.reason, "owner": identity(lock.owner)}
        project = await _project_of(lock, transaction)
        event = Event(at=transaction.now, kind="lock_ran_out", environment_id=lock.id, project=project, actor="trellis", data=about)
        await transaction.note(event)
        await transaction.post(lock.thread, words.ran_out(lock))
    if over:
        await call_who_waits(transaction)
    return len(over)


async def _project_of(lock: Lock, transaction: Transaction) -> str:
    """Whoever could see that it began sees that it ends."""
    return next((each.project for each in await transaction.events_of(lock.id) if each.project), "")


async def call_who_waits(transaction: Transaction) -> int:
    """All that wait for locks are looked at again, those first that asked first; how many these are."""
    waiting = await transaction.waiting.all(Waits.LOCK)
    await transaction.call(each.id for each in waiting)
    return len(waiting)
