"""What an answer to a request has to be, whatever the request is about: in time, the first, and somebody else's."""

from __future__ import annotations

import msgspec

from bot import refusals_time
from bot.approvers import are_one_terminal
from bot.asking import identity
from bot.context import Scene, Transaction
from bot.domain.approval import Approval, ApprovalState
from bot.domain.command import CommandState


async def request_of(scene: Scene, transaction: Transaction) -> Approval:
    """The request as it is now, if this person may answer it. Raises UserError."""
    request = await transaction.approvals.locked(scene.approval.id) if scene.approval else None
    if request is None:
        raise refusals_time.no_approval(None)
    if request.state is ApprovalState.LATE or (request.state is ApprovalState.OPEN and transaction.now >= request.expires_at):
        raise refusals_time.too_old(request)
    if request.state is not ApprovalState.OPEN:
        raise refusals_time.decided_already(request)
    await _must_be_somebody_else(scene, request, transaction)
    return request


def asked_by(request: Approval) -> dict[str, str]:
    return {"asked_by": request.person.name, "asked_by_person": identity(request.person)}


async def _must_be_somebody_else(scene: Scene, request: Approval, transaction: Transaction) -> None:
    """Neither now nor when it was asked for one person."""
    if are_one_terminal(scene.person, request, trusts_names=scene.trusts_names):
        raise refusals_time.own_terminal()
    asked = {*request.identities, *await transaction.people.identities(request.person)}
    if asked & await transaction.people.identities(scene.person):
        raise refusals_time.own_request()


async def answer(request: Approval, state: ApprovalState, comment: str | None, scene: Scene, transaction: Transaction) -> Approval:
    """The request as it is answered; whoever waits for that is told."""
    decided = msgspec.structs.replace(request, state=state, decider=scene.person, comment=comment or "", decided_at=transaction.now)
    await transaction.approvals.save(decided)
    is_yes = state is ApprovalState.APPROVED
    await transaction.reach(
        request.environment_id, request.goal, CommandState.DONE if is_yes else CommandState.REFUSED, "" if is_yes else "rejected"
    )
    return decided
