"""Another person's word for a rollout: one request for all of its plans, each bound to what it is planned for.

Whoever calls these holds the rollout, and with it its deployments; then the request, in this order, so that nobody waits for each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.approvers import Approvers
from bot.beginnings import may_it_begin
from bot.context import Transaction
from bot.domain.approval import DEPLOY, Approval, ApprovalState, approval_id
from bot.domain.artifact import Artifact
from bot.domain.beginning import Refuse
from bot.domain.catalogue import Catalogue, SharedEnvironment
from bot.domain.command import Event
from bot.domain.deploying import planned_anew
from bot.domain.deployment import Deployment, Rollout, RolloutKind
from bot.domain.wanted import LATEST, MERGED
from bot.replies import deploy_approval as words

_ASK_NOBODY = frozenset({RolloutKind.ROLLBACK})
"""Who takes something back waits for nobody: it goes to what ran there by somebody's word already."""


def needs_a_word(rollout: Rollout, place: SharedEnvironment) -> bool:
    """Whether another person has to say yes before any of it begins."""
    return place.asks and not rollout.plan_only and rollout.kind not in _ASK_NOBODY


async def ask(transaction: Transaction, parts: Sequence[Deployment], rollout: Rollout, approvers: Approvers) -> Approval:
    """What is approved is exactly this: each plan, for exactly what is there now."""
    artifacts = await transaction.artifacts.several(each.artifact_id for each in parts)
    request = Approval(
        id=approval_id(),
        kind=DEPLOY,
        environment_id=rollout.id,
        project=next(artifacts[each.artifact_id].project for each in parts),
        person=rollout.person,
        identities=tuple(sorted(await transaction.people.identities(rollout.person))),
        thread=rollout.thread,
        wish={each.id: each.bound for each in parts},
        reason=rollout.reason,
        created_at=transaction.now,
        expires_at=transaction.now + approvers.within_s,
    )
    await transaction.approvals.add(request)
    await transaction.save_rollout(msgspec.structs.replace(rollout, approval_id=request.id))
    await transaction.note(_event(rollout, transaction, "deploy_approval_wanted"))
    services = [each.service for each in parts]
    wanted = words.wanted(rollout, parts, artifacts, request, approvers.of_deploy(services, rollout.environment, rollout.person))
    for channel in approvers.also_asked_in(services, rollout.thread):
        await transaction.post(channel, wanted)
    if approvers.must_be_trusted(rollout.person):
        wanted = words.with_way_alone(wanted, rollout.environment)
    await transaction.post(rollout.thread, wanted)
    return request


async def is_approved(transaction: Transaction, part: Deployment, rollout: Rollout) -> bool:
    """Whether just what this deployment would do was approved."""
    request = await transaction.approvals.get(rollout.approval_id) if rollout.approval_id else None
    return request is not None and request.state is ApprovalState.APPROVED and request.wish.get(part.id) == part.bound


async def void(transaction: Transaction, rollout: Rollout) -> None:
    """What nobody answered needs no answer any more."""
    request = await transaction.approvals.locked(rollout.approval_id) if rollout.approval_id else None
    if request is not None and request.state is ApprovalState.OPEN:
        await transaction.approvals.save(msgspec.structs.replace(request, state=ApprovalState.VOID, decided_at=transaction.now))


async def stop(transaction: Transaction, rollout: Rollout, code: str, reason: str) -> None:
    """Nothing of it that has not begun begins: nobody said yes."""
    await transaction.save_rollout(msgspec.structs.replace(rollout, code=code))
    for each in await transaction.rollouts.parts(rollout.id):
        if each.is_wanted and not each.has_begun and not each.is_over:
            await transaction.save_deployment(msgspec.structs.replace(each, is_wanted=False, code=code, reason=reason))


async def moved(transaction: Transaction, part: Deployment, rollout: Rollout, catalogue: Catalogue) -> Artifact | None:
    """What the same words would bring now, where that is another artifact, and one that may go there."""
    newest = await _follows(transaction, part)
    place = catalogue.environments.get(part.environment)
    if newest is None or newest.id == part.artifact_id or (place and place.merged_only and not newest.is_merged):
        return None
    instead = msgspec.structs.replace(part, artifact_id=newest.id)
    return None if isinstance(await may_it_begin(instead, rollout, catalogue, transaction), Refuse) else newest


async def _follows(transaction: Transaction, part: Deployment) -> Artifact | None:
    rows = transaction.artifacts
    if part.follows == MERGED:
        return await rows.newest_merged(part.service)
    if part.follows == LATEST:
        return await rows.newest(part.service)
    own = await rows.get(part.artifact_id) if part.follows else None
    if own is None or own.request is None:
        return None
    return next(iter(await rows.of_request(own.project, own.request, part.service)), None)


async def plan_anew(transaction: Transaction, part: Deployment, rollout: Rollout, instead: Artifact | None = None) -> Rollout:
    """What it was planned for has moved: what was approved is not applied, and nothing else is until somebody has approved that.

    `instead` is the artifact that it is about from now on. Gives the rollout as it is then.
    """
    artifacts = await transaction.artifacts.several([part.artifact_id])
    after = planned_anew(part, instead.id if instead else part.artifact_id)
    await transaction.save_deployment(after)
    await void(transaction, rollout)
    told = rollout.words
    if instead and (old := artifacts.get(part.artifact_id)):
        told = told.replace(f"{part.service}@{old.short}", f"{part.service}@{instead.short}")
    renewed = msgspec.structs.replace(rollout, approval_id="", words=told)
    await transaction.save_rollout(renewed)
    await transaction.note(_event(rollout, transaction, "deploy_stale", service=part.service, plan_hash=part.plan_hash))
    await transaction.post(rollout.thread, words.stale(rollout, part, instead))
    return renewed


def _event(rollout: Rollout, transaction: Transaction, kind: str, **data: str) -> Event:
    about: dict[str, str | float | bool | None] = {"environment": rollout.environment, "words": rollout.words, **data}
    return Event(at=transaction.now, kind=kind, environment_id=rollout.id, actor="trellis", data=about)
