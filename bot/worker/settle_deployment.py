"""What a deployment came to, written with all that follows from it and told to whoever waits, in one transaction.

Whoever calls these holds the slot and the rollout, in this order: then nobody waits for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import msgspec

from bot.approvers import Approvers
from bot.approving import ask, plan_anew, void
from bot.audience import Audience
from bot.domain.artifact import Artifact
from bot.domain.beginning import Go, Refuse, Wait
from bot.domain.command import CommandState, Event
from bot.domain.deployment import Deployment, DeploymentState, Lock, Rollout, RolloutKind, RolloutState, Slot, Waits
from bot.domain.gates import Word
from bot.domain.message import Person, Thread
from bot.domain.waiting import called, is_told, waiting
from bot.replies import betas, freezes, gates
from bot.replies import deploy as words
from bot.replies.deploy_waits import forced_past, refusal, why_of
from bot.store.transaction import Transaction
from bot.worker.deploy_jobs import Result
from bot.worker.settle import tell

State = DeploymentState

_LONG_S = 60.0

_ENDED = {
    RolloutState.SUCCEEDED: CommandState.DONE,
    RolloutState.FAILED: CommandState.FAILED,
    RolloutState.CANCELLED: CommandState.CANCELLED,
    RolloutState.PLANNED: CommandState.DONE,
}


def _event(row: Deployment, now: float, kind: str, **data: str | float | bool | None) -> Event:
    about: dict[str, str | float | bool | None] = {"service": row.service, "environment": row.environment, "number": row.number}
    return Event(at=now, kind=kind, environment_id=row.rollout_id, actor="trellis", data={**about, **data})


# -- before it begins ----------------------------------------------------------------------------


async def planned(transaction: Transaction, row: Deployment, result: Result, items: int) -> Deployment:
    slot = await transaction.slots.get(row.service, row.environment)
    previous = slot.deployment_id if slot else ""
    await transaction.note(_event(row, transaction.now, "deploy_planned", plan_hash=result.plan_hash))
    after = msgspec.structs.replace(row, plan_hash=result.plan_hash, items=items, previous_id=previous, troubles=0, retry_at=None)
    return await transaction.save_deployment(after)


async def bound(transaction: Transaction, row: Deployment, result: Result) -> Deployment:
    """It is a plan for what is there now."""
    after = msgspec.structs.replace(row, base=result.base, changes=result.changes, troubles=0, retry_at=None)
    return await transaction.save_deployment(after)


async def ready_to_begin(transaction: Transaction, row: Deployment, rollout: Rollout, asks: Approvers | None) -> None:
    """All of a rollout is planned before any of it begins: what cannot be rendered stops it before anything has changed.

    `asks`: one of these has to say yes to all of it first.
    """
    parts = await transaction.rollouts.parts(row.rollout_id)
    ahead = [each for each in parts if each.is_wanted and not each.is_over and not each.has_begun]
    if not row.is_wanted:
        return
    if not all(each.plan_hash and (each.base or asks is None) for each in ahead):
        wait = Wait(Waits.STAGE)
        await transaction.save_deployment(waiting(row, wait, why_of(wait), transaction.now))
        return
    if asks is not None:
        await ask(transaction, ahead, rollout, asks)
    for each in ahead:
        if each.state is State.WAITING:
            await transaction.save_deployment(called(each, transaction.now))


async def only_planned(transaction: Transaction, row: Deployment, rollout: Rollout) -> None:
    """More was not asked for."""
    after = msgspec.structs.replace(row.move(State.PLANNED), outcome="planned", ended_at=transaction.now, waits_for=None, waits_why="")
    await transaction.save_deployment(after)
    await transaction.note(_event(after, transaction.now, "deploy_only_planned", plan_hash=after.plan_hash))
    await _over(transaction, rollout, after)


async def stale(transaction: Transaction, row: Deployment, rollout: Rollout) -> None:
    """What is there is not what its plan was made for."""
    await transaction.slots.release(row)
    await _call_the_next(transaction, row)
    await plan_anew(transaction, row, rollout)


async def waits(transaction: Transaction, row: Deployment, rollout: Rollout, wait: Wait) -> None:
    why = why_of(wait)
    is_news = wait.waits in {Waits.LOCK, Waits.FREEZE, Waits.CHECKS, Waits.WORD} and not is_told(row, wait, why)
    after = await transaction.save_deployment(waiting(row, wait, why, transaction.now))
    if wait.waits not in {Waits.TURN, Waits.STAGE}:
        await _call_the_next(transaction, row)
    if is_news:
        await transaction.note(_event(row, transaction.now, "deploy_waits", reason=why))
        line = await transaction.rollouts.live(row.service, row.environment)
        await transaction.post(rollout.thread, words.waits(rollout, after, wait, sum(each.number < row.number for each in line)))


async def refused(transaction: Transaction, row: Deployment, rollout: Rollout, refuse: Refuse) -> None:
    """What was so when it was asked for is so no longer."""
    told = gates.details(refuse.because) if isinstance(refuse.because, Word) else ()
    await failed(transaction, row, rollout, replace(not_begun(refuse.code, refusal(refuse)), log="\n".join(told)))


def not_begun(code: str, reason: str) -> Result:
    """What keeps it from beginning at all."""
    return Result("refused", "", "", (), code, reason, None, "")


async def begun(transaction: Transaction, row: Deployment, rollout: Rollout, go: Go, audience: Audience) -> None:
    """What only force passes is told to all: where it was asked for, whose locks those are, and in the channels of the project."""
    moved = row if row.state is State.QUEUED else row.move(State.QUEUED)
    began = msgspec.structs.replace(
        moved.move(State.RUNNING), waits_for=None, waits_why="", began_at=transaction.now, troubles=0, retry_at=None
    )
    await transaction.save_deployment(began)
    forced = forced_past(go.forced_past)
    await transaction.note(_event(row, transaction.now, "deploy_began", forced_past=forced or None))
    closing = [freezes.closes_soon(row.environment, go.closing, transaction.now)] if go.closing else []
    if forced or go.warnings or closing:
        told = [*map(words.warning, go.warnings), *closing]
        said = words.begins_all_the_same(rollout, row, forced, told)
        await transaction.post(rollout.thread, said)
        for thread, owner in _others(go, rollout, audience.channels([row.service], rollout.thread)) if forced else ():
            await transaction.post(thread, msgspec.structs.replace(said, to=owner))
    elif row.waits_since is not None and _knows_that_it_waits(row, transaction.now):
        await transaction.post(rollout.thread, words.begins_after_all(rollout, row, transaction.now - row.waits_since))


def _others(go: Go, rollout: Rollout, channels: Sequence[Thread]) -> Iterable[tuple[Thread, Person | None]]:
    """Where else it is told that somebody's lock was passed, each once; with whose."""
    locks = [(each.thread, each.owner) for each in go.forced_past if isinstance(each, Lock)]
    told = {thread.address: (thread, owner) for thread, owner in reversed((*locks, *((each, None) for each in channels)))}
    return [both for address, both in told.items() if address != rollout.thread.address]


def _knows_that_it_waits(row: Deployment, now: float) -> bool:
    """Whether who asked was told so; or waited for the one before for so long that they look elsewhere by now."""
    is_long = row.waits_since is not None and now - row.waits_since >= _LONG_S
    return row.waits_for in {Waits.LOCK, Waits.FREEZE, Waits.CHECKS} or (row.waits_for is Waits.TURN and is_long)


async def went_on(transaction: Transaction, row: Deployment, made: int) -> None:
    """So many changes are made; after the last its health is waited for."""
    state = State.VERIFYING if made >= row.items else row.state
    await transaction.save_deployment(msgspec.structs.replace(row.move(state), made=made))


async def held_up(transaction: Transaction, row: Deployment, reason: str, troubles: int, retry_at: float) -> None:
    await transaction.note(_event(row, transaction.now, "trouble", reason=reason))
    await transaction.save_deployment(msgspec.structs.replace(row, troubles=troubles, retry_at=retry_at))


# -- its end -------------------------------------------------------------------------------------


async def succeeded(transaction: Transaction, row: Deployment, rollout: Rollout, artifact: Artifact, result: Result) -> None:
    verified = row.move(State.VERIFYING)
    await _ended(transaction, verified.move(State.SUCCEEDED), result)
    before = await transaction.slots.get(row.service, row.environment) or Slot(service=row.service, environment=row.environment)
    is_beta = rollout.kind is RolloutKind.BETA
    await transaction.slots.save(
        msgspec.structs.replace(
            before,
            deployment_id=row.id,
            artifact_id=row.artifact_id,
            is_beta=is_beta,
            beta_request=artifact.request if is_beta else None,
            beta_project=artifact.project if is_beta else "",
            since=transaction.now if before.artifact_id != row.artifact_id else before.since,
        )
    )
    if before.is_beta and not is_beta and rollout.kind is not RolloutKind.RELEASE:
        await _tell_of_the_end(before, rollout, transaction)
    await _over(transaction, rollout, row)


async def _tell_of_the_end(beta: Slot, by: Rollout, transaction: Transaction) -> None:
    part = await transaction.rollouts.part(beta.deployment_id)
    theirs = await transaction.rollouts.get(part.rollout_id) if part else None
    if theirs is not None and theirs.thread.address != by.thread.address:
        await transaction.post(theirs.thread, betas.overrun(beta, theirs, by))


async def failed(transaction: Transaction, row: Deployment, rollout: Rollout, result: Result) -> None:
    state = State.ROLLED_BACK if result.outcome == "taken_back" else State.FAILED
    await _ended(transaction, row.move(state), result)
    await _stop_the_rest(transaction, row)
    await _over(transaction, rollout, row)


def another_plan(result: Result) -> Result:
    """It says itself that it did something else than was planned."""
    reason = f"its run made the plan {result.plan_hash[:12]} real, which is not the one that was planned"
    return replace(result, outcome="failed", code="another_plan", message=reason)


async def cancelled(transaction: Transaction, row: Deployment, rollout: Rollout, result: Result | None = None) -> None:
    code = row.code or "cancelled"
    told = msgspec.structs.replace(row.move(State.CANCELLED), code=code, log=result.log if result else row.log)
    await _ended(transaction, told, None)
    await _stop_the_rest(transaction, row)
    await _over(transaction, rollout, row)


async def _ended(transaction: Transaction, row: Deployment, result: Result | None) -> None:
    told = {"outcome": result.outcome, "code": result.code, "reason": result.message, "log": result.log} if result else {}
    more = {"changes": result.changes or row.changes, "took_s": result.took_s, "base": result.base or row.base} if result else {}
    done = row.items if row.state is State.SUCCEEDED else row.made
    after = msgspec.structs.replace(
        row, **told, **more, made=done, waits_for=None, waits_why="", ended_at=transaction.now, troubles=0, retry_at=None
    )
    await transaction.save_deployment(after)
    data = {"reason": after.reason or None, "code": after.code or None, "outcome": after.outcome, "plan_hash": after.plan_hash}
    await transaction.note(_event(after, transaction.now, f"deploy_{after.state}", **data))


async def _stop_the_rest(transaction: Transaction, row: Deployment) -> None:
    """What has not begun does not begin."""
    for each in await transaction.rollouts.parts(row.rollout_id):
        if each.id != row.id and each.is_wanted and each.state in {State.QUEUED, State.WAITING}:
            await transaction.save_deployment(msgspec.structs.replace(each, is_wanted=False, code="stopped"))


async def _over(transaction: Transaction, rollout: Rollout, row: Deployment) -> None:
    """Its place is free, whoever waits for it or for its stage is called; and with the last one the rollout has ended."""
    await transaction.slots.release(row)
    await _call_the_next(transaction, row)
    parts = await transaction.rollouts.parts(row.rollout_id)
    for each in parts:
        if each.waits_for is Waits.STAGE and each.state is State.WAITING:
            await transaction.save_deployment(called(each, transaction.now))
    if all(each.is_over for each in parts):
        await _rollout_ended(transaction, rollout, parts)


async def _call_the_next(transaction: Transaction, row: Deployment) -> None:
    """It stands in nobody's way any more."""
    for each in await transaction.rollouts.live(row.service, row.environment):
        if each.id != row.id and each.state is State.WAITING and each.waits_for is Waits.TURN:
            await transaction.save_deployment(called(each, transaction.now))


def _came_to(states: AbstractSet[DeploymentState]) -> RolloutState:
    if states & {State.FAILED, State.ROLLED_BACK}:
        return RolloutState.FAILED
    return {frozenset({State.SUCCEEDED}): RolloutState.SUCCEEDED, frozenset({State.PLANNED}): RolloutState.PLANNED}.get(
        frozenset(states), RolloutState.CANCELLED
    )


async def _rollout_ended(transaction: Transaction, rollout: Rollout, parts: Sequence[Deployment]) -> None:
    state = _came_to({each.state for each in parts})
    first = next((each for each in parts if each.state in {State.FAILED, State.ROLLED_BACK}), None)
    code = (first.code or "failed") if first else (rollout.code or "cancelled") if state is RolloutState.CANCELLED else ""
    after = msgspec.structs.replace(rollout, state=state, code=code, ended_at=transaction.now)
    await void(transaction, rollout)
    await transaction.save_rollout(after)
    artifacts = await transaction.artifacts.several(each.artifact_id for each in parts)
    waiting_for_it = [taken for taken in await transaction.taken.running(rollout.id) if taken.goal == "rollout"]
    told = await tell(transaction, waiting_for_it, _ENDED[state], code, lambda person: words.ended(after, parts, artifacts, person))
    if not told:
        await transaction.post(rollout.thread, words.ended(after, parts, artifacts, rollout.person))
