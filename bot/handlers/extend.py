"""`/ivy extend`: more time, up to the cap on the whole life."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.environment import Environment
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.refusals import not_later, over_cap
from bot.replies import extended, moment
from grammar.commands import Extend
from grammar.until import resolve_until


async def decide(command: Extend, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before)
    expires_at = _new_expiry(command, scene, before, transaction.now)
    if expires_at > before.created_at + scene.limits.cap_s + 1:
        raise over_cap(before, scene.limits.cap_s)
    after = await transaction.edit(msgspec.structs.replace(before, expires_at=expires_at))
    seconds = expires_at - before.expires_at
    await transaction.note(event(scene, transaction, "extended", after, seconds=seconds, reason=command.reason))
    return Outcome(extended(after, seconds, scene.limits.cap_s), environment_id=after.id)


def _new_expiry(command: Extend, scene: Scene, before: Environment, now: float) -> float:
    if command.until is None:
        return before.expires_at + (command.duration or scene.limits.extend_s)
    until = resolve_until(command.until, moment(now).at, scene.zone).timestamp()
    if until <= before.expires_at:
        raise not_later(before)
    return until
