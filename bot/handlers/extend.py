"""`/ivy extend`: more time, up to the cap on the whole life."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.environment import Environment
from bot.domain.errors import UserError
from bot.domain.prose import Code, Strong
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.replies import extended, hours, moment
from grammar.commands import Extend
from grammar.until import resolve_until


async def decide(command: Extend, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before)
    expires_at = _new_expiry(command, scene, before, transaction.now)
    latest = before.created_at + scene.limits.cap_s
    if expires_at > latest + 1:
        raise UserError(
            "over_cap",
            Strong(before.slug),
            f" may live {hours(scene.limits.cap_s)} in all, until ",
            moment(latest),
            ". Try: ",
            Code(f"/ivy extend {before.slug} {_duration_word(latest - before.expires_at)}")
            if latest - before.expires_at >= 60
            else Code(f"/ivy status {before.slug}"),
        )
    after = await transaction.edit(msgspec.structs.replace(before, expires_at=expires_at))
    seconds = expires_at - before.expires_at
    await transaction.note(event(scene, transaction, "extended", after, seconds=seconds, reason=command.reason))
    return Outcome(extended(after, seconds, scene.limits.cap_s), environment_id=after.id)


def _new_expiry(command: Extend, scene: Scene, before: Environment, now: float) -> float:
    if command.until is None:
        return before.expires_at + (command.duration or scene.limits.extend_s)
    until = resolve_until(command.until, moment(now).at, scene.zone).timestamp()
    if until <= before.expires_at:
        raise UserError("not_later", Strong(before.slug), " goes ", moment(before.expires_at), " already, which is later than that.")
    return until


def _duration_word(seconds: float) -> str:
    whole_hours = int(seconds // 3600)
    return f"{whole_hours}h" if whole_hours else f"{int(seconds // 60)}m"
