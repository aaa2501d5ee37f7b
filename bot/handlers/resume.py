"""`/sled resume`: what a rollback held goes on by itself again."""

from __future__ import annotations

from bot.asking import identity
from bot.context import Outcome, Scene, Transaction
from bot.continuous import follow_main
from bot.domain.command import Event
from bot.replies import holds as words
from grammar.commands import SledResume


async def decide(command: SledResume, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    assert scene.shared is not None  # noqa: S101 - the bus found it
    await transaction.lock_beginnings()
    services = [wanted.service.key for wanted in scene.wanted]
    held = [slot for slot in await transaction.holds.of(services, scene.shared.key) if await transaction.holds.let_go(slot)]
    for slot in held:
        await transaction.note(
            Event(
                at=transaction.now,
                kind="resumed",
                project=scene.catalogue.services[slot.service].project,
                actor=f"{scene.person.platform}:{scene.person.name}",
                data={"service": slot.service, "environment": slot.environment, "person": identity(scene.person)},
            )
        )
    await follow_main((slot.service for slot in held), scene.catalogue, transaction)
    return Outcome(words.resumed(held, services, scene.shared.key))
