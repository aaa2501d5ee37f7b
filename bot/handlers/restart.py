"""`/ivy restart`: one service, or all of them."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.command import CommandState
from bot.domain.environment import State
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.refusals import not_ready, unknown_service
from bot.refusals_time import is_paused
from grammar.commands import Restart


async def decide(command: Restart, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if before.is_paused:
        raise is_paused(before)
    if before.state is not State.READY:
        raise not_ready(before, "restart")
    services = before.service_names
    if command.service and command.service not in services:
        raise unknown_service(command.service, services)
    count = before.restart_count + 1
    after = await transaction.edit(msgspec.structs.replace(before, restart_count=count, restart_service=command.service or ""))
    await transaction.open_card(scene.thread, after)
    await transaction.note(event(scene, transaction, "restart_asked", after, service=command.service))
    return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal=f"restart:{count}")
