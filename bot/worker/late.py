"""Requests that nobody answered in their time end, and whoever asked hears of it."""

from __future__ import annotations

import msgspec

from bot.approving import stop
from bot.domain.approval import DEPLOY, Approval, ApprovalState
from bot.domain.command import CommandState, Event
from bot.replies import approval as words
from bot.replies.deploy_approval import LATE
from bot.store.store import Store
from bot.store.transaction import Transaction


async def end_what_waited_too_long(store: Store) -> int:
    """How many there were. Several workers may look at once: the row decides whose they are."""
    async with store.look() as look:
        late = await look.approvals.late(look.now)
    for each in late:
        await (_end_deploy if each.kind == DEPLOY else _end)(each, store)
    return len(late)


async def _end(late: Approval, store: Store) -> None:
    async with store.transaction() as transaction:
        request = await _given_up(late, transaction)
        if request is None:
            return
        await transaction.reach(request.environment_id, request.goal, CommandState.CANCELLED, "too_late")
        about = {"kind": "approval_late", "environment_id": request.environment_id, "project": request.project}
        await transaction.note(Event(at=transaction.now, data={}, actor="trellis", **about))
        environment = await transaction.environments.get(request.environment_id)
        if environment is not None and environment.is_wanted:
            await transaction.post(request.thread, words.nobody_answered(environment, request))


async def _end_deploy(late: Approval, store: Store) -> None:
    """Whoever asked hears of it when the rollout ends, which is now."""
    async with store.transaction() as transaction:
        rollout = await transaction.rollouts.locked(late.environment_id)
        if rollout is None or await _given_up(late, transaction) is None:
            return
        about: dict[str, str | int | float | bool | None] = {"environment": rollout.environment, "words": rollout.words}
        told = Event(at=transaction.now, kind="deploy_approval_late", environment_id=rollout.id, actor="trellis", data=about)
        await transaction.note(told)
        await stop(transaction, rollout, "too_late", LATE)


async def _given_up(late: Approval, transaction: Transaction) -> Approval | None:
    """The request as it was, if it is this one that ends it."""
    request = await transaction.approvals.locked(late.id)
    if request is None or request.state is not ApprovalState.OPEN:
        return None
    await transaction.approvals.save(msgspec.structs.replace(request, state=ApprovalState.LATE, decided_at=transaction.now))
    return request
