"""`/sled beta` and `/sled release`: what is not merged in a shared environment for a while, and back."""

from __future__ import annotations

from bot import refusals_beta
from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.artifact import Artifact
from bot.domain.deployment import Rollout, RolloutKind, Slot
from bot.domain.project import ForgeKind
from bot.handlers.deploy import artifact_of, must_fit, running
from bot.handlers.rolling import Asked, begin, same_as_open
from bot.releasing import Ends, betas_of, release, request_of
from bot.replies import betas as words
from grammar.commands import Beta, Release


async def gather(command: Beta, scene: Scene, outside: Outside) -> None:
    """What comes from a fork, or is not open any more, is no beta. Raises UserError, ForgeUnavailable."""
    del command
    asked = {(each.service.project, each.wish.request) for each in scene.wanted if each.wish.request is not None}
    for key, number in sorted(asked, key=str):
        project = scene.projects.get(key)
        if project is None or number is None or project.forge is ForgeKind.LOCAL:
            continue
        request = await outside.change_request(project, number)
        if request is None or not request.is_open:
            raise refusals_beta.is_closed(number)
        if request.is_fork:
            raise refusals_beta.is_fork(number)


async def decide(command: Beta, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    place = scene.shared
    assert place is not None  # noqa: S101 - the bus found it
    if place.merged_only:
        raise refusals_beta.merged_only(place, scene.catalogue, scene.line.partition(" --")[0].rstrip())
    await transaction.lock_beginnings()
    chosen = {wanted.service.key: await artifact_of(wanted, transaction) for wanted in scene.wanted}
    must_fit(scene, chosen)
    for service, artifact in chosen.items():
        if artifact.is_merged:
            raise refusals_beta.is_merged(artifact, place)
        if artifact.request is None:
            raise refusals_beta.no_request(artifact)
        await _must_be_free(artifact, await transaction.slots.get(service, place.key), transaction)
    told = " ".join(f"{key}@{each.short}" for key, each in chosen.items())
    follows = {wanted.service.key: wanted.wish.follows for wanted in scene.wanted}
    asked = Asked(RolloutKind.BETA, told, chosen, command.reason or "", follows=follows)
    if there := await same_as_open(asked, scene, transaction):
        await transaction.open_card(scene.thread, there)
        return running(there)
    rollout, _ = await begin(asked, scene, transaction)
    return running(rollout)


async def _must_be_free(artifact: Artifact, slot: Slot | None, transaction: Transaction) -> None:
    """A beta of another request is somebody's: it ends by their word, or by somebody's who knows that they end it."""
    if slot is None or not slot.is_beta or (slot.beta_project, slot.beta_request) == (artifact.project, artifact.request):
        return
    raise refusals_beta.beta_there(slot, await _rollout_of(slot, transaction))


async def _rollout_of(slot: Slot, transaction: Transaction) -> Rollout | None:
    part = await transaction.rollouts.part(slot.deployment_id)
    return await transaction.rollouts.get(part.rollout_id) if part else None


async def decide_release(command: Release, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """One rollout for each environment, as each has its own."""
    del facts
    await transaction.lock_beginnings()
    named = [each.service.key for each in scene.wanted] if command.targets else []
    slots = await betas_of(named, None if command.targets else request_of(scene), command.in_, transaction.slots)
    if not slots:
        raise refusals_beta.no_beta([each.name for each in command.targets or ()], scene.said.request)
    begun = [made for place in sorted({each.environment for each in slots}) if (made := await _release(place, slots, scene, transaction))]
    if not begun:
        raise refusals_beta.nothing_to_release(slots)
    await _tell(slots, scene, transaction)
    if len(begun) == 1:
        return running(begun[0])
    return Outcome(words.releasing(begun))


async def _release(place: str, slots: list[Slot], scene: Scene, transaction: Transaction) -> Rollout | None:
    here = [each.service for each in slots if each.environment == place]
    ends = Ends(scene.person, scene.thread, f"released by {scene.person.name}")
    return await release(here, place, ends, scene.catalogue, transaction)


async def _tell(slots: list[Slot], scene: Scene, transaction: Transaction) -> None:
    """Whose beta ends by another's word hears of it."""
    for slot in slots:
        theirs = await _rollout_of(slot, transaction)
        if theirs and not await transaction.people.same_person(theirs.person, scene.person):
            await transaction.post(theirs.thread, words.given_back(slot, theirs, scene.person))
