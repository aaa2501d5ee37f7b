"""The end of loading a dataset: written down, and told to everybody who waited for it."""

from __future__ import annotations

import msgspec

from bot.domain.command import CommandState, Event
from bot.domain.datasets import SEEDING
from bot.domain.environment import Environment, Failure
from bot.replies import datasets as replies
from bot.store.transaction import Transaction
from bot.worker.settle import key_lines, reached, tell


async def ended(
    transaction: Transaction, environment: Environment, number: int, failure: Failure | None, began_at: float | None, page: str
) -> None:
    """The `number`th that was asked for is loaded, or is not; its services go on in any case."""
    before = environment.failure if environment.failure and environment.failure.stage != SEEDING else None
    seeds = environment.seeds.after(number, is_loaded=failure is None)
    is_stopped = failure is not None and failure.code == "cancelled"
    shown = failure if failure and not is_stopped else before
    after = msgspec.structs.replace(environment, seeds=seeds, failure=shown, stage="", troubles=0, retry_at=None)
    await transaction.save(after)
    seconds = transaction.now - began_at if began_at is not None else None
    await _note(transaction, after, failure, seconds)
    waiting = reached(await transaction.taken.running(after.id), "seed", number)
    if failure is None:
        more = await key_lines(transaction, after, page)
        told = await tell(transaction, waiting, CommandState.DONE, "", lambda person: replies.seeded(after, person, seconds, more))
    elif is_stopped:
        told = await tell(transaction, waiting, CommandState.CANCELLED, "cancelled", lambda person: replies.stopped(after, person))
    else:
        told = await tell(transaction, waiting, CommandState.FAILED, failure.code, lambda person: replies.failed(after, failure, person))
    if failure and not told and not is_stopped:
        await transaction.post(after.thread, replies.failed(after, failure, after.owner))


async def _note(transaction: Transaction, environment: Environment, failure: Failure | None, seconds: float | None) -> None:
    data: dict[str, str | float | bool | None] = {
        "dataset": environment.seeds.dataset,
        "generation": environment.generation,
        "seconds": seconds,
        "reason": failure.reason if failure else None,
    }
    kinds = ("seed_failed",) if failure else (f"stage_ended:{SEEDING}", "seeded")
    for kind in kinds:
        await transaction.note(Event(at=transaction.now, kind=kind, environment_id=environment.id, project=environment.project, data=data))
