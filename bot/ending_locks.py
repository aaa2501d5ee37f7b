"""What follows when a lock ends, by whom or by time: whoever waited for it is called, and its owner knows."""

from __future__ import annotations

from bot.context import Transaction
from bot.domain.command import Event
from bot.domain.deployment import Waits
from bot.replies import locks as words


async def end_what_ran_out(transaction: Transaction) -> int:
    """Locks whose time is over are ended, each once; how many there were."""
    over = await transaction.locks.run_out()
    for lock in over:
        await transaction.note(
            Event(
                at=transaction.now,
                kind="lock_ran_out",
                environment_id=lock.id,
                actor="trellis",
                data={"scope": lock.scope, "reason": lock.reason},
            )
        )
        await transaction.post(lock.thread, words.ran_out(lock))
    if over:
        await call_who_waits(transaction)
    return len(over)


async def call_who_waits(transaction: Transaction) -> int:
    """All that wait for locks are looked at again, those first that asked first; how many these are."""
    waiting = await transaction.waiting.all(Waits.LOCK)
    await transaction.call(each.id for each in waiting)
    return len(waiting)
