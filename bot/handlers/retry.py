"""`/ivy retry`: try again what failed or was stopped."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.command import CommandState
from bot.domain.errors import UserError
from bot.domain.prose import Code, Strong
from bot.handlers.handler import event, must_be_wanted, the_environment
from grammar.commands import Retry


async def decide(command: Retry, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before)
    if not before.is_settled:
        raise UserError("still_running", "It is still being worked on. To stop that: ", Code(f"/ivy cancel {before.slug}"))
    if before.failure is None:
        raise UserError(
            "nothing_failed",
            "Nothing failed for ",
            Strong(before.slug),
            ". To bring it to the newest commit: ",
            Code(f"/ivy update {before.slug}"),
        )
    after = await transaction.edit(msgspec.structs.replace(before, generation=before.generation + 1))
    await transaction.open_card(scene.thread, after)
    await transaction.note(event(scene, transaction, "retried", after))
    return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal=f"generation:{after.generation}")
