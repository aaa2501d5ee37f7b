"""`/sled promote`: exactly what runs in one environment, to a later one."""

from __future__ import annotations

from bot import refusals_deploy, refusals_moves
from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.artifact import Artifact
from bot.domain.catalogue import SharedEnvironment
from bot.domain.deployment import RolloutKind
from bot.domain.errors import UserError
from bot.handlers.deploy import learn, must_fit, named, running
from bot.handlers.rolling import Asked, begin, same_as_open
from grammar.commands import Diff, Promote


async def gather(command: Promote, scene: Scene, outside: Outside) -> str:
    place = origin(command, scene)
    assert scene.shared is not None  # noqa: S101 - the bus found it
    if place.position >= scene.shared.position:
        raise refusals_moves.not_later(place, scene.shared, [each.service.key for each in scene.wanted])
    return await learn((each.service for each in scene.wanted), outside) if scene.shared.merged_only else ""


async def decide(command: Promote, scene: Scene, doubt: str, transaction: Transaction) -> Outcome:
    chosen = await running_in(origin(command, scene), scene, transaction)
    try:
        must_fit(scene, chosen)
    except UserError as error:
        raise refusals_deploy.merge_unknown(doubt) if doubt and error.code in refusals_deploy.UNMERGED else error from None
    asked = Asked(RolloutKind.PROMOTE, named(command.targets, chosen), chosen, command.reason or "")
    if there := await same_as_open(asked, scene, transaction):
        await transaction.open_card(scene.thread, there)
        return running(there)
    rollout, _ = await begin(asked, scene, transaction)
    return running(rollout)


def origin(command: Promote | Diff, scene: Scene) -> SharedEnvironment:
    """The environment that it comes from. Raises UserError."""
    if command.from_ is None:
        raise refusals_deploy.which_place(scene.catalogue, f"{scene.line.rstrip()} --from")
    found = scene.catalogue.environments.get(command.from_)
    if found is None:
        raise refusals_deploy.unknown_place(command.from_, scene.catalogue)
    return found


async def running_in(place: SharedEnvironment, scene: Scene, transaction: Transaction) -> dict[str, Artifact]:
    """What runs there of each that is named. Raises UserError where that is nothing, or somebody's beta."""
    services = [each.service.key for each in scene.wanted]
    slots = {each.service: each for each in await transaction.slots.of(services, place.key) if each.artifact_id}
    if missing := [each for each in services if each not in slots]:
        raise refusals_moves.nothing_there(missing, [each for each in services if each in slots], place, scene.line)
    if betas := [each for each in services if slots[each].is_beta]:
        raise refusals_moves.is_beta(betas, place)
    found = await transaction.artifacts.several(each.artifact_id for each in slots.values())
    return {service: found[slot.artifact_id] for service, slot in slots.items()}
