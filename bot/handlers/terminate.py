"""`/ivy terminate`: take it down."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.command import CommandState
from bot.handlers.handler import event, the_environment
from bot.replies import already_gone
from grammar.commands import Terminate


async def decide(command: Terminate, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    if not before.is_live:
        return Outcome(already_gone(before), environment_id=before.id)
    after = before
    if before.is_wanted:
        reason = f"{scene.person.name} asked for it"
        changed = msgspec.structs.replace(before, is_wanted=False, is_forced=command.force, gone_reason=reason, gone_code="asked")
        after = await transaction.edit(changed)
        await transaction.note(event(scene, transaction, "unwanted", after, reason=reason))
    elif command.force and not before.is_forced:
        after = await transaction.edit(msgspec.structs.replace(before, is_forced=True))
    await transaction.open_card(scene.thread, after)
    return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal="gone")
