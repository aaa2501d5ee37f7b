"""`/ivy keep` and `/ivy unkeep`: opting out of the automatic end, within a quota and a longest life, and back in."""

from __future__ import annotations

import msgspec

from bot.context import Outcome, Scene, Transaction
from bot.domain.deadlines import with_deadline
from bot.domain.environment import Environment
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.refusals_time import kept_too_many
from bot.replies import answers_time
from grammar.commands import Keep, Unkeep

_GRACE_S = 4 * 3600.0
"""What is left at least to one that is kept no more."""


async def decide(command: Keep, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if before.is_kept:
        return Outcome(answers_time.kept(before), environment_id=before.id)
    await must_have_room(before, scene, transaction)
    after = await transaction.edit(kept(before, scene.limits.keep_s, transaction.now))
    await transaction.note(event(scene, transaction, "kept", after))
    return Outcome(answers_time.kept(after), environment_id=after.id)


def kept(environment: Environment, keep_s: float, now: float) -> Environment:
    """The same, opted out: it lives as long as any may."""
    longest = max(environment.expires_at, environment.created_at + keep_s)
    return msgspec.structs.replace(
        with_deadline(environment, longest, now), is_kept=True, end_before_keep=environment.expires_at, idle_warned_at=None
    )


async def must_have_room(environment: Environment, scene: Scene, transaction: Transaction) -> None:
    """Refuse when its owner keeps as many as anybody may; nobody else keeps one until this transaction ends."""
    await transaction.lock_quota()
    owner = environment.owner
    mine = await transaction.environments.owned_by(await transaction.people.identities(owner))
    others = [each for each in mine if each.is_kept and each.id != environment.id]
    if len(others) >= scene.limits.kept:
        raise kept_too_many(owner, others, scene.limits.kept)


async def decide_unkeep(command: Unkeep, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if not before.is_kept:
        return Outcome(answers_time.not_kept(before), environment_id=before.id)
    usual = before.created_at + scene.limits.ttl_s if before.end_before_keep is None else before.end_before_keep
    changed = with_deadline(before, min(before.expires_at, max(usual, transaction.now + _GRACE_S)), transaction.now)
    after = await transaction.edit(msgspec.structs.replace(changed, is_kept=False, end_before_keep=None, active_at=transaction.now))
    await transaction.note(event(scene, transaction, "unkept", after))
    return Outcome(answers_time.unkept(after), environment_id=after.id)
