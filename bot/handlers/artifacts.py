"""`/sled artifacts`: what was registered of a service, and where each of it runs."""

from __future__ import annotations

from bot.context import Outcome, Scene, Transaction
from bot.replies import artifacts as words
from grammar.commands import Artifacts

_MOST = 10


async def decide(command: Artifacts, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    services = [wanted.service.key for wanted in scene.wanted]
    found = await transaction.artifacts.listed(services, _MOST)
    slots = await transaction.slots.of(services, None)
    where: dict[str, list[str]] = {}
    for place in scene.catalogue.in_order():
        for slot in slots:
            if slot.environment == place.key and slot.artifact_id:
                where.setdefault(slot.artifact_id, []).append(place.key)
    return Outcome(words.listed(services, found, where, transaction.now))
