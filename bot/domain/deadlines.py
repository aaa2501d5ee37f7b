"""What time does to an environment: warnings before its end, quiet, sleep. Moments as values; nothing is done here."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from bot.domain.environment import RESTARTING, Environment, State
from bot.domain.schedule import asleep_until, sleeps_at

LEADS_S = (4 * 3600.0, 3600.0)
"""How long before the end a warning is owed, the earliest first."""
IDLE_GRACE_S = 2 * 3600.0
"""From the word that it is quiet until the pause."""


class Turn(StrEnum):
    """What is to be done when a moment has come."""

    WARN = "warn"
    WARN_IDLE = "warn_idle"
    PAUSE_IDLE = "pause_idle"
    END_IDLE = "end_idle"
    SLEEP = "sleep"
    WAKE = "wake"


def agenda(environment: Environment, now: float) -> Iterator[tuple[float, Turn]]:
    """The moments that matter, those that have come and those that will."""
    if not environment.is_wanted or environment.state is State.GONE:
        return
    for level, at in owed(environment):
        if level > environment.warned:
            yield at, Turn.WARN
    yield from _quiet(environment)
    yield from _sleep(environment, now)


def owed(environment: Environment) -> Iterator[tuple[int, float]]:
    """(which warning, when), for the deadline there is. None is owed for a time before the deadline was set."""
    for level, lead in enumerate(LEADS_S, 1):
        at = environment.expires_at - lead
        if at > environment.deadline_set_at:
            yield level, at


def warning_due(environment: Environment, now: float) -> int:
    """The warning to give now, 0 for none: of several that are late only the last is still true."""
    return max((level for level, at in owed(environment) if at <= now and level > environment.warned), default=0)


def next_warning_at(environment: Environment, now: float) -> float | None:
    return min((at for level, at in owed(environment) if at > now and level > environment.warned), default=None)


def _quiet(environment: Environment) -> Iterator[tuple[float, Turn]]:
    if environment.idle_s is None or environment.is_kept:
        return
    if environment.is_paused:
        if environment.pause_reason == "idle" and environment.paused_at is not None:
            yield max(environment.paused_at, environment.active_at) + environment.idle_s, Turn.END_IDLE
    elif environment.state in {State.READY, State.FAILED} and environment.is_settled:
        if environment.idle_warned_at is None:
            yield environment.active_at + environment.idle_s, Turn.WARN_IDLE
        else:
            is_up = environment.state is State.READY
            yield environment.idle_warned_at + IDLE_GRACE_S, Turn.PAUSE_IDLE if is_up else Turn.END_IDLE


def _sleep(environment: Environment, now: float) -> Iterator[tuple[float, Turn]]:
    if not environment.schedule:
        return
    until = asleep_until(environment.schedule, now)
    if environment.is_paused:
        if environment.pause_reason == "schedule":
            yield now if until is None or environment.is_kept else until, Turn.WAKE
        return
    if environment.is_kept or environment.state is not State.READY or not environment.is_settled:
        return
    if until is not None and not (environment.awake_until is not None and environment.awake_until >= until):
        yield now, Turn.SLEEP
    elif (at := sleeps_at(environment.schedule, max(now, environment.awake_until or now))) is not None:
        yield at, Turn.SLEEP


def with_deadline(environment: Environment, expires_at: float, now: float) -> Environment:
    """The same with another end: its warnings are owed anew."""
    return msgspec.structs.replace(environment, expires_at=expires_at, deadline_set_at=now, warned=0)


def active(environment: Environment, at: float) -> Environment:
    """The same after a push or a visit: what was paused for its quiet is wanted again."""
    is_back = environment.is_paused and environment.pause_reason == "idle" and at >= (environment.paused_at or 0)
    woken = msgspec.structs.replace(awake(environment), awake_until=asleep_until(environment.schedule, at)) if is_back else environment
    return msgspec.structs.replace(woken, active_at=max(at, environment.active_at), idle_warned_at=None)


def awake(environment: Environment) -> Environment:
    """The same, wanted to run again: what it is made of is started anew."""
    return msgspec.structs.replace(anew(environment), is_paused=False, pause_reason="")


def anew(environment: Environment) -> Environment:
    """The same, to be made again as it ran last. A commit that failed or was stopped is put aside: it waits for a retry or a push."""
    generation, failure = environment.generation, environment.failure
    is_new = environment.cancelled_generation >= generation
    if failure and failure.stage != RESTARTING and environment.is_settled and environment.running_sha not in {"", environment.sha}:
        aside = msgspec.structs.replace(failure, put_aside=environment.sha)
        environment = msgspec.structs.replace(environment, sha=environment.running_sha, failure=aside)
        is_new = True
    generation += is_new
    settled = min(environment.settled_generation, generation - 1)
    return msgspec.structs.replace(environment, generation=generation, settled_generation=settled)


def without_what_was_put_aside(environment: Environment) -> Environment:
    """The same, about to be made otherwise: what was put aside is history."""
    has_one = environment.failure is not None and environment.failure.put_aside
    return msgspec.structs.replace(environment, failure=None) if has_one else environment


def turn_of(environment: Environment, now: float) -> Turn | None:
    """What has come and is not done, the oldest first; but nothing comes before a warning."""
    if environment.is_wanted and warning_due(environment, now):
        return Turn.WARN
    return min(((at, turn) for at, turn in agenda(environment, now) if at <= now), default=(0.0, None))[1]


def next_turn_at(environment: Environment, now: float) -> float | None:
    """When the next moment comes."""
    return min((at for at, _ in agenda(environment, now) if at > now), default=None)
