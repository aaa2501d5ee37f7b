"""`/ivy cancel`: stop what is running, safely; what ran before goes on."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.refusals import nothing_runs
from bot.replies import cancel_begun
from grammar.commands import Cancel


async def decide(command: Cancel, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if before.is_paused or (before.is_settled and not before.seeds.is_due):
        raise nothing_runs(before)
    if before.is_settled:  # it runs, and is being filled
        changed = msgspec.structs.replace(before, seeds=before.seeds.cancelling())
    else:
        changed = msgspec.structs.replace(before, cancelled_generation=before.generation)
    after = await transaction.edit(changed)
    await transaction.note(event(scene, transaction, "cancel_asked", after))
    return Outcome(cancel_begun(after), environment_id=after.id)
