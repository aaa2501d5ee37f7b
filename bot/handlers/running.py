"""`/sled status`: what runs where."""

from __future__ import annotations

from bot.context import Outcome, Scene, Transaction
from bot.domain.deployment import Slot, Waits
from bot.replies import running
from grammar.commands import SledStatus

_WAITS = (Waits.APPROVAL, Waits.LOCK, Waits.FREEZE, Waits.CHECKS, Waits.WORD)


async def status(command: SledStatus, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    services = [wanted.service.key for wanted in scene.wanted]
    place = scene.shared.key if scene.shared else None
    environments = [scene.shared] if scene.shared else list(scene.catalogue.in_order())
    slots = await transaction.slots.of(services, place)
    ids = {slot.artifact_id for slot in slots if slot.artifact_id}
    waiting = [*await transaction.waiting.planning(), *await transaction.waiting.all(*_WAITS)]
    claims = [await transaction.rollouts.part(slot.claimed_by) for slot in slots if slot.claimed_by]
    what = running.What(
        slots=slots,
        owners={slot.deployment_id: await _owner(slot, transaction) for slot in slots if slot.is_beta},
        artifacts=await transaction.artifacts.several(ids),
        in_hand={(each.service, each.environment): each for each in (*reversed(waiting), *claims) if each},
        now=transaction.now,
    )
    return Outcome(running.status(services, environments, what))


async def _owner(slot: Slot, transaction: Transaction) -> str:
    """Whose beta it is."""
    part = await transaction.rollouts.part(slot.deployment_id)
    rollout = await transaction.rollouts.get(part.rollout_id) if part else None
    return rollout.person.name if rollout else "somebody"
