"""What to do next with a deployment, and when to look at it again. Decides; does nothing."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.deployment import Deployment, DeploymentState

State = DeploymentState


class Step(StrEnum):
    END = "end"  # it is not wanted any more, and has not begun
    PLAN = "plan"
    BEGIN = "begin"  # ask whether it may, and claim its place
    APPLY = "apply"  # start its run, or go on following it


def next_step(deployment: Deployment, now: float) -> Step | None:
    """The one thing to do now; None when it is over or must wait."""
    if deployment.is_over:
        return None
    has_begun = deployment.state in {State.RUNNING, State.VERIFYING}
    if not deployment.is_wanted and not has_begun:
        return Step.END
    if deployment.retry_at is not None and now < deployment.retry_at:
        return None
    if has_begun:
        return Step.APPLY
    if not deployment.plan_hash:
        return Step.PLAN
    return Step.BEGIN if deployment.state is State.QUEUED or _is_called(deployment, now) else None


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


def run_id(deployment: Deployment, purpose: str) -> str:
    """Of its run for that purpose: the one there is, else the first."""
    return deployment.run_id if deployment.run_id.startswith(f"{deployment.id}-{purpose}-") else f"{deployment.id}-{purpose}-1"


def next_run_id(id: str) -> str:
    """Of another run of the same purpose."""
    head, _, number = id.rpartition("-")
    return f"{head}-{int(number) + 1}"
