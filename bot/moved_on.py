"""What another person's word was asked for has moved on: that is void as soon as it is noticed, by whomever.

Whoever calls these holds beginnings and the rollout, in this order.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.approving import moved, plan_anew, stop, void
from bot.context import Transaction
from bot.domain.catalogue import Catalogue
from bot.domain.command import Event
from bot.domain.deployment import Deployment, Rollout, RolloutState
from bot.replies import deploy_approval as words


async def ahead(transaction: Transaction, rollout: Rollout) -> Sequence[Deployment]:
    """What of it is still to begin."""
    return [each for each in await transaction.rollouts.parts(rollout.id) if each.is_wanted and not each.has_begun and not each.is_over]


async def has_moved(transaction: Transaction, part: Deployment, rollout: Rollout, catalogue: Catalogue) -> bool:
    """Whether the same words bring another artifact by now, or something else was brought there since it was planned."""
    return await _runs_another(transaction, part) or await moved(transaction, part, rollout, catalogue) is not None


async def plan_anew_what_moved(transaction: Transaction, rollout: Rollout, catalogue: Catalogue) -> int:
    """Of so many deployments what was asked for is asked for no more, but what there is now."""
    found = 0
    for part in await ahead(transaction, rollout):
        instead = await moved(transaction, part, rollout, catalogue)
        if instead is not None or await _runs_another(transaction, part):
            rollout = await plan_anew(transaction, part, rollout, instead)
            found += 1
    return found


async def _runs_another(transaction: Transaction, part: Deployment) -> bool:
    """What was brought there again, as it was, is no other."""
    slot = await transaction.slots.get(part.service, part.environment)
    if slot is None or slot.deployment_id == part.previous_id:
        return False
    now = await transaction.rollouts.part(slot.deployment_id)
    then = await transaction.rollouts.part(part.previous_id) if part.previous_id else None
    return now is None or then is None or now.plan_hash != then.plan_hash


async def follows(transaction: Transaction, part: Deployment, project: str, number: int) -> bool:
    """Whether it goes wherever the head of that request is."""
    artifact = await transaction.artifacts.get(part.artifact_id) if part.request == number else None
    return artifact is not None and artifact.project == project


async def is_at_old_head(transaction: Transaction, part: Deployment, project: str, number: int, head: str) -> bool:
    """Whether it follows that request, of whose head nothing is built yet."""
    artifact = await transaction.artifacts.get(part.artifact_id)
    if artifact is None or not await follows(transaction, part, project, number):
        return False
    newest = next(iter(await transaction.artifacts.of_request(project, number, part.service)), artifact)
    return head not in {artifact.commit, newest.commit}


async def stop_with_request(transaction: Transaction, part: Deployment, request: int, how: str) -> None:
    """Nothing of its rollout that has not begun begins: the request that it follows is over. `how` is the end of a sentence."""
    rollout = await transaction.rollouts.locked(part.rollout_id)
    if rollout is None or rollout.state is not RolloutState.OPEN or not await ahead(transaction, rollout):
        return
    await void(transaction, rollout)
    await stop(transaction, rollout, "request_closed", how)
    data: dict[str, str | int | float | bool | None] = {"service": part.service, "request": request, "how": how}
    await transaction.note(Event(at=transaction.now, kind="deploy_request_over", environment_id=rollout.id, actor="trellis", data=data))


async def stop_at_old_head(transaction: Transaction, rollout: Rollout, part: Deployment, head: str) -> None:
    """Nothing of it that has not begun begins: who asked for the head of a request did not mean this one."""
    await void(transaction, rollout)
    await stop(transaction, rollout, "stale_head", words.another_head(part, head))
    data: dict[str, str | int | float | bool | None] = {"service": part.service, "sha": head[:8], "request": part.request}
    await transaction.note(Event(at=transaction.now, kind="deploy_head_moved", environment_id=rollout.id, actor="trellis", data=data))
