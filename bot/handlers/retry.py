"""`/ivy retry`: try again what failed or was stopped."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.command import CommandState
from bot.domain.datasets import SEEDING
from bot.domain.deadlines import without_what_was_put_aside
from bot.handlers.datasets import goal_of
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.refusals import nothing_failed, still_running
from bot.refusals_time import is_paused
from grammar.commands import Retry


async def decide(command: Retry, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if before.is_paused:
        raise is_paused(before)
    if not before.is_settled:
        raise still_running(before)
    if before.failure is None:
        raise nothing_failed(before)
    if before.failure.stage == SEEDING:  # it runs: only its data is to be had again
        after = await transaction.edit(msgspec.structs.replace(before, seeds=before.seeds.asking(before.seeds.dataset)))
        await transaction.open_card(scene.thread, after)
        await transaction.note(event(scene, transaction, "seed_asked", after, dataset=after.seeds.dataset))
        return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal=goal_of(after))
    wanted = without_what_was_put_aside(msgspec.structs.replace(before, sha=before.failure.put_aside or before.sha))
    after = await transaction.edit(msgspec.structs.replace(wanted, generation=before.generation + 1))
    await transaction.open_card(scene.thread, after)
    await transaction.note(event(scene, transaction, "retried", after))
    return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal=f"generation:{after.generation}")
