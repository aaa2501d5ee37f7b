"""A deployment that may not begin yet, as the row that says so; and back."""

from __future__ import annotations

import msgspec

from bot.domain.beginning import Wait
from bot.domain.deployment import Deployment, DeploymentState, Waits

_ASKED = frozenset({Waits.WORD, Waits.CHECKS})


def waiting(deployment: Deployment, wait: Wait, why: str, now: float) -> Deployment:
    """The same, waiting. `waits_since` is when it began to wait for anything, or when somebody was asked, who has their own time."""
    is_asked_now = wait.waits in _ASKED and deployment.waits_for is not wait.waits
    since = now if is_asked_now or deployment.waits_since is None else deployment.waits_since
    return msgspec.structs.replace(
        deployment.move(DeploymentState.WAITING),
        waits_for=wait.waits,
        waits_why=why,
        waits_since=since,
        due_at=wait.until,
    )


def is_told(deployment: Deployment, wait: Wait, why: str) -> bool:
    """Whether who asked has heard this already. A question is put once."""
    return deployment.waits_for is wait.waits and (wait.waits in _ASKED or deployment.waits_why == why)


def called(deployment: Deployment, now: float) -> Deployment:
    """The same in the line, to be looked at now: what it waited for may be over. Remembers that it waited, and how long."""
    if deployment.state is not DeploymentState.WAITING:
        return deployment
    return msgspec.structs.replace(deployment, due_at=now)


def said_again(deployment: Deployment, now: float) -> Deployment:
    """The same in its line, as if asked for now: whoever asked knows that it waited."""
    return msgspec.structs.replace(
        deployment.move(DeploymentState.QUEUED),
        waits_for=None,
        waits_why="",
        waits_since=now,
        due_at=now,
    )
