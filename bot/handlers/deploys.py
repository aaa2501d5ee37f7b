"""`/sled cancel`, `retry`, `logs`, `why` and `history`: deploys that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from bot import refusals_beta, refusals_deploy
from bot.context import Outcome, Scene, Transaction
from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, DeploymentState, Rollout, RolloutKind, RolloutState, Waits
from bot.domain.waiting import said_again
from bot.handlers.deploy import must_fit, running
from bot.handlers.rolling import Asked, begin, rolled, same_as_open
from bot.replies import deploys as words
from grammar.commands import SledCancel, SledHistory, SledLogs, SledRetry, SledWhy

_TO_RETRY = frozenset({DeploymentState.FAILED, DeploymentState.ROLLED_BACK, DeploymentState.CANCELLED})
_EVENTS = 40
_MOST_LISTED = 15


async def cancel(command: SledCancel, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """What has not begun does not begin; what runs is asked to end, and says itself when it has."""
    del command, facts
    rollout, parts = await _rows(scene, transaction)
    wanted = [each for each in parts if each.is_wanted and not each.is_over]
    if not wanted:
        raise refusals_deploy.is_over(rollout, scene.deployment)
    for each in wanted:
        await transaction.save_deployment(msgspec.structs.replace(each, is_wanted=False))
    await transaction.note(rolled(scene, transaction, rollout, "deploy_cancel_asked"))
    going = [each for each in wanted if each.began_at is not None]
    return Outcome(words.cancel_begun(rollout, going), environment_id=rollout.id)


async def retry(command: SledRetry, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """What failed or never began, again with the same artifacts. One that waits to be asked goes on."""
    del command, facts
    rollout, parts = await _rows(scene, transaction)
    if asked := [each for each in parts if each.waits_for is Waits.WORD and not each.is_over]:
        for each in asked:
            await transaction.save_deployment(said_again(each, transaction.now))
        await transaction.note(rolled(scene, transaction, rollout, "deploy_said_again"))
        return running(rollout)
    if rollout.state is RolloutState.OPEN:
        raise refusals_deploy.still_going(rollout)
    named = scene.deployment
    again = [each for each in parts if each.state in _TO_RETRY and (named is None or each.id == named.id)]
    if not again:
        raise refusals_deploy.nothing_failed(rollout)
    return await _again(rollout, again, scene, transaction)


async def _again(rollout: Rollout, parts: Sequence[Deployment], scene: Scene, transaction: Transaction) -> Outcome:
    stages = {each.service: each.stage for each in parts}
    scene = replace(
        scene,
        wanted=tuple(replace(each, stage=stages[each.service.key]) for each in scene.wanted if each.service.key in stages),
        shared=scene.catalogue.environments.get(rollout.environment),
    )
    if scene.shared is None:
        raise refusals_deploy.unknown_place(rollout.environment, scene.catalogue)
    chosen = await _artifacts(parts, transaction)
    if rollout.kind is RolloutKind.BETA:  # whether its request is open has to be asked
        raise refusals_beta.say_anew(list(chosen.values()), rollout.environment)
    if rollout.kind is not RolloutKind.ROLLBACK:  # that it ran there is enough
        must_fit(scene, chosen)
    asked = Asked(rollout.kind, rollout.words, chosen, rollout.reason, rollout.is_forced, rollout.plan_only)
    if not asked.plan_only and (there := await same_as_open(asked, scene, transaction)):
        await transaction.open_card(scene.thread, there)
        return running(there)
    made, _ = await begin(asked, scene, transaction)
    await transaction.note(rolled(scene, transaction, rollout, "deploy_retried", number=made.number))
    return running(made)


async def _artifacts(parts: Sequence[Deployment], transaction: Transaction) -> dict[str, Artifact]:
    found = await transaction.artifacts.several(each.artifact_id for each in parts)
    for each in parts:
        if each.artifact_id not in found:
            raise refusals_deploy.is_gone(each.service, each.number)
    return {each.service: found[each.artifact_id] for each in parts}


async def logs(command: SledLogs, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    rollout, parts = await _rows(scene, transaction)
    shown = [each for each in parts if scene.deployment is None or each.id == scene.deployment.id]
    return Outcome(words.logs(rollout, shown), environment_id=rollout.id)


async def why(command: SledWhy, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    rollout, parts = await _rows(scene, transaction)
    events = await transaction.events_of(rollout.id, _EVENTS)
    return Outcome(words.why(rollout, parts, events), environment_id=rollout.id)


async def history(command: SledHistory, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    services = [each.service.key for each in scene.wanted]
    past = await transaction.rollouts.past(services, scene.shared.key if scene.shared else None, _MOST_LISTED)
    acts = {each: await transaction.rollouts.get(each) for each in {part.rollout_id for part in past}}
    artifacts = await transaction.artifacts.several(each.artifact_id for each in past)
    return Outcome(words.history(past, {id_: act for id_, act in acts.items() if act}, artifacts))


async def _rows(scene: Scene, transaction: Transaction) -> tuple[Rollout, Sequence[Deployment]]:
    """The rollout that was meant, as it is now and kept from others until the commit, and its parts."""
    rollout = await transaction.rollouts.locked(scene.rollout.id) if scene.rollout else None
    if rollout is None:
        raise refusals_deploy.no_deploy(None, "why")
    return rollout, await transaction.rollouts.parts(rollout.id)
