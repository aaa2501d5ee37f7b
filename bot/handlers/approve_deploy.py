"""Another person's word on a rollout: a yes is for exactly the plans that were shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot import refusals_deploy, refusals_time
from bot.approving import moved, plan_anew, stop
from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.approval import Approval, ApprovalState
from bot.domain.command import CommandState
from bot.domain.deployment import Deployment, Rollout, RolloutState
from bot.domain.project import ChangeRequest, ForgeKind, RequestEnd
from bot.domain.waiting import said_again
from bot.handlers.answering import answer, asked_by, request_of
from bot.handlers.rolling import rolled
from bot.moved_on import follows, is_at_old_head, stop_at_old_head, stop_with_request
from bot.replies import deploy_approval as words

Followed = Mapping[tuple[str, int], ChangeRequest | None]
"""The merge and pull requests that are followed, by project and number, as the forge describes them; None: it knows none of that number."""


async def followed(scene: Scene, outside: Outside) -> Followed:
    """Raises ForgeUnavailable."""
    asked = {(each.service.project, each.wish.request) for each in scene.wanted if each.wish.request is not None}
    known = [
        (project, number) for key, number in sorted(asked) if (project := scene.projects.get(key)) and project.forge is not ForgeKind.LOCAL
    ]
    return {(project.key, number): await outside.change_request(project, number) for project, number in known}


async def approve(id: str, comment: str | None, followed: Followed, scene: Scene, transaction: Transaction) -> Outcome:
    rollout, request, parts = await _rows(id, scene, transaction)
    for part in parts:
        if (refusal := await _has_moved_on(part, rollout, followed, scene, transaction)) is not None:
            return refusal
    stale = [each for each in parts if each.bound != request.wish[each.id]]
    found = [(each, await moved(transaction, each, rollout, scene.catalogue)) for each in parts]
    again = [(part, instead) for part, instead in found if instead or part in stale]
    for part, instead in again:
        rollout = await plan_anew(transaction, part, rollout, instead)
    if again:
        return Outcome(words.too_soon(rollout, scene.person), CommandState.REFUSED, "stale_plan", rollout.id)
    decided = await answer(request, ApprovalState.APPROVED, comment, scene, transaction)
    for part in parts:
        await transaction.save_deployment(said_again(part, transaction.now))
    said = rolled(scene, transaction, rollout, "deploy_approved", reason=decided.comment, words=rollout.words, **asked_by(decided))
    await transaction.note(said)
    await _tell(decided, rollout, scene, transaction)
    return Outcome(words.approved(rollout, decided), environment_id=rollout.id)


async def _has_moved_on(part: Deployment, rollout: Rollout, followed: Followed, scene: Scene, transaction: Transaction) -> Outcome | None:
    """The answer where its request is over, or has another head of which nothing is built yet: then nothing of it begins."""
    for (project, number), request in followed.items():
        end = RequestEnd.GONE if request is None else request.end
        if end not in {None, RequestEnd.MERGED} and await follows(transaction, part, project, number):
            how = words.request_is_over(number, end)
            await stop_with_request(transaction, part, number, how)
            return Outcome(words.for_nothing(rollout, how, scene.person), CommandState.REFUSED, "request_closed", rollout.id)
        if request is not None and request.is_open and await is_at_old_head(transaction, part, project, number, request.sha):
            await stop_at_old_head(transaction, rollout, part, request.sha)
            told = words.for_another_head(rollout, part, request.sha, scene.person)
            return Outcome(told, CommandState.REFUSED, "stale_head", rollout.id)
    return None


async def reject(id: str, comment: str | None, scene: Scene, transaction: Transaction) -> Outcome:
    rollout, request, _ = await _rows(id, scene, transaction)
    decided = await answer(request, ApprovalState.REJECTED, comment, scene, transaction)
    await stop(transaction, rollout, "rejected", words.rejected(decided))
    said = rolled(scene, transaction, rollout, "deploy_rejected", reason=decided.comment, words=rollout.words, **asked_by(decided))
    await transaction.note(said)
    return Outcome(words.rejection_heard(rollout, scene.person), environment_id=rollout.id)


async def _rows(id: str, scene: Scene, transaction: Transaction) -> tuple[Rollout, Approval, Sequence[Deployment]]:
    """What is asked for as it is now, kept from others until the commit: what of it has not begun. Raises UserError."""
    await transaction.lock_beginnings()
    rollout = await transaction.rollouts.locked(id)
    if rollout is None:
        raise refusals_time.no_approval(None)
    request = await request_of(scene, transaction)
    parts = [each for each in await transaction.rollouts.parts(id) if each.id in request.wish and each.is_wanted]
    ahead = [each for each in parts if not each.has_begun and not each.is_over]
    if rollout.state is not RolloutState.OPEN or not ahead:
        raise refusals_deploy.is_over(rollout, None)
    return rollout, request, ahead


async def _tell(decided: Approval, rollout: Rollout, scene: Scene, transaction: Transaction) -> None:
    """Whoever asked hears of it where they asked."""
    if decided.thread.address != scene.thread.address:
        await transaction.post(decided.thread, words.approved(rollout, decided))
