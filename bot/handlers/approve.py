"""`/ivy approve` and `/ivy reject`: another person's word on what somebody asked for."""

from __future__ import annotations

import msgspec

from bot import refusals_time
from bot.asking import identity
from bot.context import Outcome, Scene, Transaction
from bot.domain.approval import Approval, ApprovalState
from bot.domain.command import CommandState
from bot.domain.deadlines import with_deadline
from bot.domain.environment import Environment
from bot.domain.message import Person, Platform
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.replies import approval as words
from grammar.commands import Approve, Reject


async def decide(command: Approve, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    request, before = await _request(scene, transaction)
    must_be_wanted(before, scene, transaction)
    expires_at = max(before.expires_at, float(request.wish["expires_at"]))
    after = await transaction.edit(with_deadline(before, expires_at, transaction.now))
    seconds = expires_at - before.expires_at
    await transaction.note(event(scene, transaction, "extended", after, seconds=seconds, reason=request.reason, **_asked_by(request)))
    decided = await _decide(request, ApprovalState.APPROVED, command.comment, scene, transaction)
    await _tell(decided, after, scene, transaction)
    return Outcome(words.approved(after, decided, seconds), environment_id=after.id)


async def decide_reject(command: Reject, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    request, environment = await _request(scene, transaction)
    decided = await _decide(request, ApprovalState.REJECTED, command.comment, scene, transaction)
    await transaction.note(event(scene, transaction, "rejected", environment, reason=decided.comment, **_asked_by(decided)))
    await _tell(decided, environment, scene, transaction)
    return Outcome(words.rejected(environment, decided), environment_id=environment.id)


async def _request(scene: Scene, transaction: Transaction) -> tuple[Approval, Environment]:
    """The request as it is now, if this person may answer it."""
    request = await transaction.approvals.locked(scene.approval.id) if scene.approval else None
    if request is None:
        raise refusals_time.no_approval(None)
    if request.state is ApprovalState.LATE or (request.state is ApprovalState.OPEN and transaction.now >= request.expires_at):
        raise refusals_time.too_old(request)
    if request.state is not ApprovalState.OPEN:
        raise refusals_time.decided_already(request)
    await _must_be_somebody_else(scene.person, request, transaction)
    return request, await the_environment(scene, transaction)


def _asked_by(request: Approval) -> dict[str, str]:
    return {"asked_by": request.person.name, "asked_by_person": identity(request.person)}


async def _must_be_somebody_else(person: Person, request: Approval, transaction: Transaction) -> None:
    """Neither now nor when it was asked for one person. A terminal takes any name, so all that is said in terminals is one person's."""
    if person.platform is Platform.CONSOLE and request.person.platform is Platform.CONSOLE:
        raise refusals_time.own_terminal()
    asked = {*request.identities, *await transaction.people.identities(request.person)}
    if asked & await transaction.people.identities(person):
        raise refusals_time.own_request()


async def _decide(request: Approval, state: ApprovalState, comment: str | None, scene: Scene, transaction: Transaction) -> Approval:
    decided = msgspec.structs.replace(request, state=state, decider=scene.person, comment=comment or "", decided_at=transaction.now)
    await transaction.approvals.save(decided)
    is_yes = state is ApprovalState.APPROVED
    await transaction.reach(
        request.environment_id, request.goal, CommandState.DONE if is_yes else CommandState.REFUSED, "" if is_yes else "rejected"
    )
    return decided


async def _tell(decided: Approval, environment: Environment, scene: Scene, transaction: Transaction) -> None:
    """Whoever asked hears of it where they asked."""
    if decided.thread.address != scene.thread.address:
        await transaction.post(decided.thread, words.answered(environment, decided))
