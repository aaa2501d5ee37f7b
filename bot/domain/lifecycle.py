"""What to do next with an environment, and when to look at it again. Decides; does nothing."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.deadlines import Turn, next_turn_at, next_warning_at, turn_of, warning_due
from bot.domain.environment import Environment, State


class Step(StrEnum):
    EXPIRE = "expire"
    DESTROY = "destroy"
    CANCEL = "cancel"
    APPLY = "apply"
    PAUSE = "pause"
    RESTART = "restart"
    SEED = "seed"
    TURN = "turn"  # a moment has come: a warning, quiet, sleep; see deadlines.py


def next_step(environment: Environment, now: float) -> Step | None:  # noqa: PLR0911 - a table of conditions, first match wins
    """The one thing to do now; None when it is as it should be or must wait."""
    if environment.state is State.GONE:
        return None
    if environment.is_wanted and now >= environment.expires_at:
        return Step.EXPIRE
    if environment.is_wanted and warning_due(environment, now):
        return Step.TURN  # whatever else goes wrong
    if environment.retry_at is not None and now < environment.retry_at:
        return None
    if not environment.is_wanted:
        return Step.DESTROY
    if environment.is_paused:
        return Step.PAUSE if environment.state is State.READY else _turn(environment, now)
    if not environment.is_settled:
        return Step.CANCEL if environment.cancelled_generation >= environment.generation else Step.APPLY
    if environment.restarted_count < environment.restart_count and environment.state is State.READY:
        return Step.RESTART
    if environment.seeds.is_due and environment.state is State.READY and environment.running_generation == environment.generation:
        return Step.SEED
    return _turn(environment, now)


def _turn(environment: Environment, now: float) -> Step | None:
    return Step.TURN if turn_of(environment, now) else None


def due(environment: Environment, now: float) -> float | None:
    """When it must be looked at again, in seconds since the epoch: now, at its retry, at its next moment, at its expiry, or never."""
    if environment.state is State.GONE:
        return None
    if next_step(environment, now) is not None:
        return now
    if environment.retry_at is not None and now < environment.retry_at:
        if not environment.is_wanted:
            return environment.retry_at
        return min(environment.retry_at, environment.expires_at, next_warning_at(environment, now) or environment.expires_at)
    turn_at = next_turn_at(environment, now)
    return environment.expires_at if turn_at is None else min(turn_at, environment.expires_at)


def backoff_s(troubles: int) -> float:
    """How long to wait after the n-th failure in a row of our own making: 1, 2, 4 … 60 seconds."""
    return min(60.0, 2.0 ** max(0, troubles - 1))


__all__ = ["Step", "Turn", "backoff_s", "due", "next_step"]
