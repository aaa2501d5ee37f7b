"""`/ivy pause` and `/ivy resume`: stop paying for what nobody uses, and have it back."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.command import CommandState
from bot.domain.deadlines import awake
from bot.domain.environment import Environment, State
from bot.domain.schedule import asleep_until
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.refusals import not_ready, still_running
from bot.refusals_time import not_paused
from bot.replies import answers_time
from bot.replies.trading import to_resume
from grammar.commands import Pause, Resume


async def decide(command: Pause, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if before.is_paused:
        after = await transaction.edit(msgspec.structs.replace(before, pause_reason="asked"))
        return Outcome(answers_time.already_paused(after), environment_id=after.id)
    if not before.is_settled or before.is_seeding:
        raise still_running(before)
    if before.state is not State.READY:
        raise not_ready(before, "pause")
    after = await transaction.edit(msgspec.structs.replace(before, is_paused=True, pause_reason="asked"))
    await transaction.open_card(scene.thread, after)
    await transaction.note(event(scene, transaction, "pause_asked", after))
    return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal="paused")


async def decide_resume(command: Resume, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if not before.is_paused:
        return await _trades_again(before, scene, transaction)
    until = asleep_until(before.schedule, transaction.now)  # it stays awake through the sleep that it is taken out of
    woken = msgspec.structs.replace(awake(before), active_at=transaction.now, idle_warned_at=None, awake_until=until)
    after = await transaction.edit(woken)
    await transaction.open_card(scene.thread, after)
    await transaction.note(event(scene, transaction, "resume_asked", after))
    return Outcome(state=CommandState.RUNNING, environment_id=after.id, goal=f"generation:{after.generation}")


async def _trades_again(before: Environment, scene: Scene, transaction: Transaction) -> Outcome:
    """What is halted at its drawdown is resumed by a person: its order management asks for that, and does it."""
    state = await transaction.trading.state(before.id)
    if state.told is None or not state.is_halted:
        raise not_paused(before)
    by = scene.person.name or scene.person.id
    await transaction.trading.save(msgspec.structs.replace(state, resume_for=state.told.halts, resume_by=by))
    await transaction.note(event(scene, transaction, "trading_resume_asked", before))
    return Outcome(to_resume(before), environment_id=before.id)
