"""`approve` and `reject`, under both prefixes: another person's word on what somebody asked for."""

from __future__ import annotations

from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.approval import Approval, ApprovalState
from bot.domain.deadlines import with_deadline
from bot.domain.environment import Environment
from bot.handlers import approve_deploy
from bot.handlers.answering import answer, asked_by, request_of
from bot.handlers.approve_deploy import Followed
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.replies import approval as words
from grammar.commands import Approve, Reject


async def gather(command: Approve, scene: Scene, outside: Outside) -> Followed:
    """Where the requests are now that are followed by what is asked for. Raises ForgeUnavailable: a doubt is no yes."""
    del command
    return await approve_deploy.followed(scene, outside) if scene.rollout is not None else {}


async def decide(command: Approve, scene: Scene, facts: Followed, transaction: Transaction) -> Outcome:
    if scene.rollout is not None:
        return await approve_deploy.approve(scene.rollout.id, command.comment, facts, scene, transaction)
    request, before = await request_of(scene, transaction), await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    expires_at = max(before.expires_at, float(request.wish["expires_at"]))
    after = await transaction.edit(with_deadline(before, expires_at, transaction.now))
    seconds = expires_at - before.expires_at
    await transaction.note(event(scene, transaction, "extended", after, seconds=seconds, reason=request.reason, **asked_by(request)))
    decided = await answer(request, ApprovalState.APPROVED, command.comment, scene, transaction)
    await _tell(decided, after, scene, transaction)
    return Outcome(words.approved(after, decided, seconds), environment_id=after.id)


async def decide_reject(command: Reject, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    if scene.rollout is not None:
        return await approve_deploy.reject(scene.rollout.id, command.comment, scene, transaction)
    request, environment = await request_of(scene, transaction), await the_environment(scene, transaction)
    decided = await answer(request, ApprovalState.REJECTED, command.comment, scene, transaction)
    await transaction.note(event(scene, transaction, "rejected", environment, reason=decided.comment, **asked_by(decided)))
    await _tell(decided, environment, scene, transaction)
    return Outcome(words.rejected(environment, decided), environment_id=environment.id)


async def _tell(decided: Approval, environment: Environment, scene: Scene, transaction: Transaction) -> None:
    """Whoever asked hears of it where they asked."""
    if decided.thread.address != scene.thread.address:
        await transaction.post(decided.thread, words.answered(environment, decided))
