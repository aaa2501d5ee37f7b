"""`/ivy extend`: more time, up to the cap on the whole life."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from bot.asking import authorize
from bot.auth.policy import Role, Standing
from bot.context import Outcome, Scene, Transaction
from bot.domain.approval import Approval, ApprovalState, approval_id
from bot.domain.command import CommandState
from bot.domain.cost import ahead
from bot.domain.deadlines import with_deadline
from bot.domain.environment import Environment
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.refusals import not_later
from bot.refusals_time import over_longest
from bot.replies import approval as words
from bot.replies import extended, moment
from grammar.commands import Extend
from grammar.until import resolve_until


async def decide(command: Extend, scene: Scene, facts: None, transaction: Transaction) -> Outcome:  # noqa: ARG001 - nothing was gathered
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    expires_at = _new_expiry(command, scene, before, transaction.now)
    if expires_at > max(before.created_at + scene.limits.cap_s, before.expires_at if before.is_kept else 0) + 1:
        return await _ask(command, scene, before, expires_at, transaction)
    after = await transaction.edit(with_deadline(before, expires_at, transaction.now))
    seconds = expires_at - before.expires_at
    await transaction.note(event(scene, transaction, "extended", after, seconds=seconds, reason=command.reason))
    return Outcome(extended(after, seconds, scene.limits.cap_s), environment_id=after.id)


async def _ask(command: Extend, scene: Scene, before: Environment, expires_at: float, transaction: Transaction) -> Outcome:
    """Beyond the cap another person has to say yes. The newest wish of an environment is the one that counts."""
    longest_s = max(scene.limits.keep_s, scene.limits.cap_s)
    if expires_at > before.created_at + longest_s + 1:
        raise over_longest(before, longest_s)
    for earlier in await transaction.approvals.open_of(before.id):
        if earlier.wish["expires_at"] == expires_at and earlier.person == scene.person and transaction.now < earlier.expires_at:
            return Outcome(words.waits_already(earlier, scene.person), environment_id=before.id)
        await transaction.approvals.save(msgspec.structs.replace(earlier, state=ApprovalState.VOID, decided_at=transaction.now))
        await transaction.reach(before.id, earlier.goal, CommandState.CANCELLED, "void")
        if earlier.person != scene.person or earlier.thread.address != scene.thread.address:
            await transaction.post(earlier.thread, words.took_its_place(before, earlier, scene.person))
    request = Approval(
        id=approval_id(),
        kind="extend",
        environment_id=before.id,
        project=before.project,
        person=scene.person,
        identities=tuple(sorted(await transaction.people.identities(scene.person))),
        thread=scene.thread,
        wish={"expires_at": expires_at},
        reason=command.reason or "",
        created_at=transaction.now,
        expires_at=min(transaction.now + scene.limits.approval_s, before.expires_at),
    )
    await transaction.approvals.add(request)
    await transaction.note(
        event(scene, transaction, "approval_wanted", before, seconds=expires_at - before.expires_at, reason=command.reason)
    )
    roles = authorize(replace(scene, standing=Standing(Role.NOBODY)), "ivy approve").roles
    price = ahead(before, scene.prices, expires_at - before.expires_at)
    reply = words.wanted(before, request, scene.limits.cap_s, scene.prices.shown(price) if price else "", roles)
    return Outcome(reply, CommandState.RUNNING, environment_id=before.id, goal=request.goal)


def _new_expiry(command: Extend, scene: Scene, before: Environment, now: float) -> float:
    if command.until is None:
        return before.expires_at + (command.duration or scene.limits.extend_s)
    until = resolve_until(command.until, moment(now).at, scene.zone).timestamp()
    if until <= before.expires_at:
        raise not_later(before)
    return until
