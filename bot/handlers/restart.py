"""`/ivy restart`: one service, or all of them."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.command import CommandState
from bot.domain.environment import State
from bot.domain.errors import UserError
from bot.domain.prose import Code, Strong
from bot.handlers.handler import event, must_be_wanted, the_environment
from grammar.commands import Restart


async def decide(command: Restart, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before)
    if before.state is not State.READY:
        hint = Code(f"/ivy retry {before.slug}") if before.state is State.FAILED else Code(f"/ivy status {before.slug}")
        raise UserError("not_ready", Strong(before.slug), f" is {before.state}, so there is nothing to restart. Try: ", hint)
    services = [address.service for address in before.addresses]
    if command.service and command.service not in services:
        raise UserError("unknown_service", "There is no service ", Code(command.service), f" in it; there is {', '.join(services)}.")
    count = before.restart_count + 1
    after = await transaction.edit(msgspec.structs.replace(before, restart_count=count, restart_service=command.service or ""))
    await transaction.open_card(scene.thread, after)
    await transaction.note(event(scene, transaction, "restart_asked", after, service=command.service))
    return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal=f"restart:{count}")
