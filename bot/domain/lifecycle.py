"""What to do next with an environment, and when to look at it again. Decides; does nothing."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.environment import Environment, State


class Step(StrEnum):
    EXPIRE = "expire"
    DESTROY = "destroy"
    CANCEL = "cancel"
    APPLY = "apply"
    RESTART = "restart"


def next_step(environment: Environment, now: float) -> Step | None:  # noqa: PLR0911 - a table of conditions, first match wins
    """The one thing to do now; None when it is as it should be or must wait."""
    if environment.state is State.GONE:
        return None
    if environment.is_wanted and now >= environment.expires_at:
        return Step.EXPIRE
    if environment.retry_at is not None and now < environment.retry_at:
        return None
    if not environment.is_wanted:
        return Step.DESTROY
    if not environment.is_settled:
        return Step.CANCEL if environment.cancelled_generation >= environment.generation else Step.APPLY
    if environment.restarted_count < environment.restart_count and environment.state is State.READY:
        return Step.RESTART
    return None


def due(environment: Environment, now: float) -> float | None:
    """When it must be looked at again: now, at its retry, at its expiry, or never. Seconds since the epoch."""
    if environment.state is State.GONE:
        return None
    if next_step(environment, now) is not None:
        return now
    if environment.retry_at is not None and now < environment.retry_at:
        return min(environment.retry_at, environment.expires_at) if environment.is_wanted else environment.retry_at
    return environment.expires_at


def backoff_s(troubles: int) -> float:
    """How long to wait after the n-th failure in a row of our own making: 1, 2, 4 … 60 seconds."""
    return min(60.0, 2.0 ** max(0, troubles - 1))
