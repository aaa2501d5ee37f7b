"""`/sled deploy` and `/sled plan`: services to an environment, as one act, or what that would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import refusals_deploy
from bot.context import Outcome, Outside, Scene, Transaction
from bot.context_ports import ForgeUnavailable
from bot.context_rows import DeployedRows
from bot.domain.artifact import Artifact
from bot.domain.catalogue import Service
from bot.domain.command import CommandState
from bot.domain.deployment import DeploymentState, Rollout, RolloutKind, Waits
from bot.domain.errors import UserError
from bot.domain.gates import Word
from bot.domain.waiting import said_again
from bot.domain.wanted import Wanted, Wish
from bot.handlers.rolling import Asked, begin, same_as_open
from grammar.commands import Deploy, Plan
from grammar.targets import TargetName

_MOST_SHOWN = 5


@dataclass(frozen=True)
class Gathered:
    """`doubt`: why it cannot be learned what is merged, "" where it could. `said` by the gates of all that is asked for."""

    doubt: str = ""
    said: tuple[Word, ...] = ()


async def gather(command: Deploy, scene: Scene, outside: Outside) -> Gathered:
    doubt = await gather_plan(command, scene, outside)
    if command.force or command.dry_run or scene.shared is None or not any(wanted.service.gates for wanted in scene.wanted):
        return Gathered(doubt)

    async def chosen(rows: DeployedRows) -> list[Artifact]:
        try:
            return [await artifact_of(wanted, rows) for wanted in scene.wanted]
        except UserError:  # it is refused for that
            return []

    return Gathered(doubt, tuple(await outside.gates_say(chosen, scene.shared.key, RolloutKind.DEPLOY)))


async def gather_plan(command: Deploy | Plan, scene: Scene, outside: Outside) -> str:
    del command
    is_strict = scene.shared is not None and scene.shared.merged_only
    return await learn((wanted.service for wanted in scene.wanted if is_strict or wanted.wish == Wish()), outside)


async def learn(services: Iterable[Service], outside: Outside) -> str:
    """Learn what is merged where that matters. What is known will do while the forge is away: why it is, "" when it is not."""
    try:
        await outside.learn_merged(services)
    except ForgeUnavailable as error:
        return str(error)
    return ""


async def decide(command: Deploy, scene: Scene, gathered: Gathered, transaction: Transaction) -> Outcome:
    asked = await _asked(command, scene, gathered.doubt, transaction)
    asked = replace(asked, reason=command.reason or "", is_forced=command.force, said=gathered.said)
    if command.dry_run:
        return running((await begin(replace(asked, plan_only=True), scene, transaction))[0])
    if there := await same_as_open(asked, scene, transaction):
        await transaction.open_card(scene.thread, there)
        await _go_on(there, transaction)
        return running(there)
    rollout, _ = await begin(asked, scene, transaction)
    return running(rollout)


async def decide_plan(command: Plan, scene: Scene, doubt: str, transaction: Transaction) -> Outcome:
    asked = await _asked(command, scene, doubt, transaction)
    rollout, _ = await begin(replace(asked, plan_only=True), scene, transaction)
    return running(rollout)


async def _asked(command: Deploy | Plan, scene: Scene, doubt: str, transaction: Transaction) -> Asked:
    """What is named, as the artifacts that are meant. Raises UserError."""
    try:
        chosen = {wanted.service.key: await artifact_of(wanted, transaction) for wanted in scene.wanted}
        must_fit(scene, chosen)
    except UserError as error:
        raise refusals_deploy.merge_unknown(doubt) if doubt and error.code in refusals_deploy.UNMERGED else error from None
    follows = {wanted.service.key: wanted.wish.follows for wanted in scene.wanted}
    return Asked(RolloutKind.DEPLOY, named(command.targets, chosen), chosen, follows=follows)


async def _go_on(rollout: Rollout, transaction: Transaction) -> None:
    """What waits for whoever asked has their word now: they have said it again."""
    for part in await transaction.rollouts.parts(rollout.id):
        if part.state is DeploymentState.WAITING and part.waits_for is Waits.WORD:
            await transaction.save_deployment(said_again(part, transaction.now))


def running(rollout: Rollout) -> Outcome:
    """It is told when the rollout ends."""
    return Outcome(state=CommandState.RUNNING, environment_id=rollout.id, goal="rollout")


async def artifact_of(wanted: Wanted, there: DeployedRows) -> Artifact:
    """The one that is wished for. Raises UserError."""
    service, wish, rows = wanted.service, wanted.wish, there.artifacts
    found: Sequence[Artifact | None]
    if wish.commit is not None:
        found = await rows.by_commit(service.key, wish.commit)
        if len({each.commit for each in found if each}) > 1:
            raise refusals_deploy.which_artifact(service.key, [each for each in found if each])
    elif wish.request is not None:
        found = await rows.of_request(service.project, wish.request, service.key)
    elif wish.is_latest:
        found = [await rows.newest(service.key)]
    else:
        found = [await rows.newest_merged(service.key)]
    chosen = next(iter(found), None)
    if chosen is None:
        raise refusals_deploy.no_artifact(service.key, wish.text, await rows.listed([service.key], _MOST_SHOWN))
    return chosen


def must_fit(scene: Scene, chosen: Mapping[str, Artifact]) -> None:
    """What may never run there is refused at once. Raises UserError."""
    environment = scene.shared
    assert environment is not None  # noqa: S101 - the bus found it
    for wanted in scene.wanted:
        service = wanted.service
        if service.environments and environment.key not in service.environments:
            raise refusals_deploy.not_there(service, environment)
        if environment.merged_only and not chosen[service.key].is_merged:
            raise refusals_deploy.not_merged(chosen[service.key], environment)


def named(targets: Iterable[TargetName] | None, chosen: Mapping[str, Artifact]) -> str:
    """What was asked for, with the commits that were meant: `payments@4fd1c0e9`, `shop-core`."""
    return " ".join(f"{each.name}@{chosen[each.name].short}" if each.name in chosen else each.text for each in targets or ())
