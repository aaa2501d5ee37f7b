"""What to do next with a deployment, and when to look at it again. Decides; does nothing."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bot.domain.deployment import Deployment, DeploymentState, Waits

State = DeploymentState


class Step(StrEnum):
    END = "end"  # it is not wanted any more, and has not begun
    PLAN = "plan"
    BIND = "bind"  # look at what is there, and plan against that
    BEGIN = "begin"  # ask whether it may, and claim its place
    APPLY = "apply"  # start its run, or go on following it


def next_step(deployment: Deployment, now: float, *, is_bound: bool = False) -> Step | None:
    """The one thing to do now; None when it is over or must wait. `is_bound`: its plan has to be one for what is there."""
    if deployment.is_over:
        return None
    if not deployment.is_wanted and not deployment.has_begun:
        return Step.END
    if _rests(deployment, now):
        return None
    if deployment.has_begun:
        return Step.APPLY
    if not deployment.plan_hash or (is_bound and not deployment.base):
        return Step.BIND if deployment.plan_hash else Step.PLAN
    return Step.BEGIN if deployment.state is State.QUEUED or _is_called(deployment, now) else None


def _rests(deployment: Deployment, now: float) -> bool:
    """After a trouble, or until its gates are asked again, whatever is to be done."""
    is_tired = deployment.retry_at is not None and now < deployment.retry_at
    return is_tired or (deployment.waits_for is Waits.CHECKS and not _is_called(deployment, now))


def _is_called(waiting: Deployment, now: float) -> bool:
    """A waiting row's own `due_at` says when it is looked at again; none: when somebody calls it."""
    return waiting.due_at is not None and waiting.due_at <= now


def due(deployment: Deployment, now: float) -> float | None:
    """When it must be looked at, in seconds since the epoch: now, later, or when somebody calls it."""
    if next_step(deployment, now) is not None:
        return now
    if deployment.is_over:
        return None
    if deployment.retry_at is not None and now < deployment.retry_at:
        return deployment.retry_at
    return deployment.due_at


def planned_anew(deployment: Deployment, artifact_id: str) -> Deployment:
    """The same, to be planned as if it had just been asked for, with that artifact."""
    return msgspec.structs.replace(
        deployment.move(State.QUEUED),
        artifact_id=artifact_id,
        plan_hash="",
        base="",
        changes=(),
        items=0,
        made=0,
        plannings=deployment.plannings + 1,
        began_at=None,
        waits_for=None,
        waits_why="",
        waits_since=None,
        troubles=0,
        retry_at=None,
    )


def run_id(deployment: Deployment, purpose: str) -> str:
    """Of its run for that purpose: the one there is, else the first."""
    head = f"{deployment.id}-{purpose}{deployment.plannings or ''}-"
    return deployment.run_id if deployment.run_id.startswith(head) else f"{head}1"


def next_run_id(id: str) -> str:
    """Of another run of the same purpose."""
    head, _, number = id.rpartition("-")
    return f"{head}-{int(number) + 1}"
