"""`/ivy transfer`: another owner, and with it the warnings and the quota."""

from __future__ import annotations

import msgspec

from bot import refusals
from bot.asking import identity
from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.message import Person
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.handlers.keep import must_have_room
from bot.handlers.quota import must_have_room_for
from bot.refusals_time import may_not_own, unknown_person, whom
from bot.replies import answers_time
from grammar.commands import Transfer


async def gather(command: Transfer, scene: Scene, outside: Outside) -> Person:
    """Who is meant, asked of the platform where it is said; somebody who could do with it what its owner has to."""
    if scene.project is None or scene.environment is None:
        raise refusals.no_environment()
    if command.person is None:
        raise whom(scene.environment)
    person = await outside.person(scene.person.platform, command.person, scene.project)
    if person is None:
        raise unknown_person(command.person, scene.person.platform)
    theirs = msgspec.structs.replace(scene.environment, owner=person)
    if person.is_bot or not await outside.may(person, "ivy extend", theirs):
        raise may_not_own(person, scene.project)
    return person


async def decide(command: Transfer, scene: Scene, facts: Person, transaction: Transaction) -> Outcome:
    del command
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if identity(before.owner) == identity(facts):
        return Outcome(answers_time.transferred(before, before.owner), environment_id=before.id)
    changed = msgspec.structs.replace(before, owner=facts)
    await must_have_room_for(changed, scene.limits.per_person, transaction)
    if changed.is_kept:
        await must_have_room(changed, scene, transaction)
    after = await transaction.edit(changed)
    to = {"to": f"{facts.platform}:{facts.name}", "to_person": identity(facts)}
    await transaction.note(event(scene, transaction, "transferred", after, **to))
    return Outcome(answers_time.transferred(after, before.owner), environment_id=after.id)
