"""`/ivy cancel`: stop what is running, safely; what ran before goes on."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.errors import UserError
from bot.domain.prose import Code, Strong
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.replies import cancel_begun
from grammar.commands import Cancel


async def decide(command: Cancel, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before)
    if before.is_settled:
        raise UserError(
            "nothing_runs", "Nothing is being done for ", Strong(before.slug), ". To take it down: ", Code(f"/ivy terminate {before.slug}")
        )
    after = await transaction.edit(msgspec.structs.replace(before, cancelled_generation=before.generation))
    await transaction.note(event(scene, transaction, "cancel_asked", after))
    return Outcome(cancel_begun(after), environment_id=after.id)
