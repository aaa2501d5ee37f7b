"""`/sled lock` and `/sled unlock`: nobody but its owner deploys to what a lock covers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot import refusals_rules
from bot.asking import identity
from bot.context import Outcome, Scene, Transaction
from bot.domain.command import Event
from bot.domain.deployment import Deployment, Lock
from bot.domain.ids import new_id
from bot.domain.scopes import Scope
from bot.ending_locks import call_who_waits, end_what_ran_out
from bot.replies import locks as words
from grammar import commands


async def decide(command: commands.Lock, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """Claimed by one statement: of two who lock at once one owns it, and the other is told whose it is."""
    del facts
    scope = _scope(scene)
    await transaction.lock_beginnings()
    await end_what_ran_out(transaction)
    mine = await _asked_for(command, scope, scene, transaction)
    there = await transaction.locks.of(str(scope))
    if there is None and not mine.reason:
        raise refusals_rules.why_lock(scene.line)
    there = await transaction.locks.claim(mine)
    if there.id == mine.id:
        await transaction.note(locked(scene, transaction, "locked", there))
        return Outcome(words.locked(there, await _in_flight(scope, scene, transaction)))
    if not set(mine.identities).intersection(there.identities):
        raise refusals_rules.locked_already(there)
    after = msgspec.structs.replace(
        there,
        reason=mine.reason or there.reason,
        expires_at=there.expires_at if command.for_ is None else mine.expires_at,
        is_warning=there.is_warning or mine.is_warning,
    )
    if after == there:
        return Outcome(words.locked_as_before(there))
    await transaction.locks.save(after)
    await transaction.note(locked(scene, transaction, "lock_changed", after))
    if after.is_warning and not there.is_warning:
        await call_who_waits(transaction)
    return Outcome(words.lock_changed(after))


async def decide_unlock(command: commands.Unlock, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    scope = _scope(scene)
    await transaction.lock_beginnings()
    await end_what_ran_out(transaction)
    there = await transaction.locks.of(str(scope))
    if there is None or not await transaction.locks.release(there, scene.person):
        raise refusals_rules.not_locked(scope, await transaction.locks.live())
    await transaction.note(locked(scene, transaction, "unlocked", there))
    waiting = await call_who_waits(transaction)
    is_own = bool(set(there.identities).intersection(await transaction.people.identities(scene.person)))
    if not is_own and there.thread.address != scene.thread.address:
        await transaction.post(there.thread, words.unlocked_by_another(there, scene.person))
    return Outcome(words.unlocked(there, waiting, is_own=is_own))


def _scope(scene: Scene) -> Scope:
    assert scene.scope is not None  # noqa: S101 - the bus found it
    return scene.scope


async def _asked_for(command: commands.Lock, scope: Scope, scene: Scene, transaction: Transaction) -> Lock:
    return Lock(
        id=new_id(),
        scope=str(scope),
        owner=scene.person,
        identities=tuple(sorted(await transaction.people.identities(scene.person))),
        thread=scene.thread,
        reason=command.reason or "",
        is_warning=command.warn,
        created_at=transaction.now,
        expires_at=None if command.for_ is None else transaction.now + command.for_,
    )


async def _in_flight(scope: Scope, scene: Scene, transaction: Transaction) -> Sequence[Deployment]:
    """What has begun in its reach: a lock stops none of it."""
    groups = scene.catalogue.groups_of
    return [each for each in await transaction.waiting.at_work() if scope.covers(each.service, each.environment, groups(each.service))]


def locked(scene: Scene, transaction: Transaction, kind: str, lock: Lock) -> Event:
    """Something this command did to a lock, in the name of who said it."""
    data = {"scope": lock.scope, "reason": lock.reason, "owner": identity(lock.owner), "expires_at": lock.expires_at}
    return Event(
        at=transaction.now,
        kind=kind,
        environment_id=lock.id,
        project=scene.project.key if scene.project else "",
        actor=f"{scene.person.platform}:{scene.person.name}",
        data={**data, "is_warning": lock.is_warning, "person": identity(scene.person)},
    )
