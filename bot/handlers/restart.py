"""`/ivy restart`: one service, or all of them; or with a new API key, for one that was lost."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.command import CommandState
from bot.domain.deadlines import anew
from bot.domain.environment import Environment, State
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.refusals import not_ready, unknown_service
from bot.refusals_time import has_no_key, is_paused
from bot.replies.trading import key_revoked
from grammar.commands import Restart


async def decide(command: Restart, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if command.new_key:
        return await _with_new_key(before, scene, transaction)
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


async def _with_new_key(before: Environment, scene: Scene, transaction: Transaction) -> Outcome:
    """The old one opens nothing from here on. What runs is made once more, and is given the next with it."""
    if await transaction.trading.key(before.id) is None:
        raise has_no_key(before)
    await transaction.trading.make_anew(before.id)
    await transaction.note(event(scene, transaction, "key_revoked", before))
    if before.is_paused:
        return Outcome(key_revoked(before), environment_id=before.id)
    wanted = anew(before)
    after = await transaction.edit(msgspec.structs.replace(wanted, generation=max(wanted.generation, before.generation + 1)))
    await transaction.open_card(scene.thread, after)
    return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal=f"generation:{after.generation}")
