"""Whether a deployment may begin now: what is so at this moment, read in one transaction and judged."""

from __future__ import annotations

from collections.abc import Iterable

from bot.context import Transaction
from bot.domain.beginning import Answer, Facts, may_begin
from bot.domain.catalogue import Catalogue, SharedEnvironment
from bot.domain.deployment import Deployment, Rollout
from bot.domain.gates import Word


async def may_it_begin(
    deployment: Deployment, rollout: Rollout, catalogue: Catalogue, transaction: Transaction, words: Iterable[Word] = ()
) -> Answer:
    """`words`: what its gates said just before."""
    facts = await facts_of(deployment, rollout, catalogue, transaction, words)
    return may_begin(deployment, rollout, facts, transaction.now)


async def facts_of(
    deployment: Deployment, rollout: Rollout, catalogue: Catalogue, transaction: Transaction, words: Iterable[Word] = ()
) -> Facts:
    """An environment that is no longer configured has no rules of its own."""
    environment = catalogue.environments.get(deployment.environment) or SharedEnvironment(deployment.environment, 0)
    service = catalogue.services.get(deployment.service)
    rows = transaction.rollouts
    slot = await transaction.slots.get(deployment.service, deployment.environment)
    same_place = await rows.live(deployment.service, deployment.environment)
    same_act = await rows.parts(deployment.rollout_id)
    others = {each.id: each for each in (*same_place, *same_act) if not each.is_over and each.id != deployment.id}
    artifact = await transaction.artifacts.get(deployment.artifact_id)
    return Facts(
        environment=environment,
        groups=catalogue.groups_of(deployment.service),
        identities=await transaction.people.identities(rollout.person),
        locks=tuple(await transaction.locks.live()),
        freezes=environment.freezes,
        veto=await transaction.vetoes.of(deployment.artifact_id),
        slot=slot,
        running=await rows.part(slot.deployment_id) if slot and slot.deployment_id else None,
        others=tuple(others.values()),
        has_run_before=not environment.after or await rows.has_run(deployment.service, environment.after, deployment.artifact_id),
        is_merged=artifact is not None and artifact.is_merged,
        gates=service.gates if service else (),
        words=tuple(words),
    )
