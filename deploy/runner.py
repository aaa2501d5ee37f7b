"""The port for running a deploy.py: what is asked, how it goes, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class Step(StrEnum):
    """What a run of deploy.py is for. Only PLAN runs without rights; it asks nobody and changes nothing."""

    PLAN = "plan"
    LOOK = "look"
    APPLY = "apply"


@dataclass(frozen=True)
class Job:
    """One run. The same `id` is the same run, however often it is started.

    `program` is the text of deploy.py, `target` what libdeploy.target reads. `live`, `plan` and `previous` are the files of those names:
    PLAN renders against `live`, APPLY makes `plan` real, goes back to `previous` when it fails, and finishes with `live` (what was there
    when it was planned) what an earlier run left half-made. `artifact` is the artifact's file, where one is needed.
    """

    id: str
    step: Step
    program: str
    target: Mapping[str, Any]
    artifact: Path | None = None
    live: bytes | None = None
    plan: bytes | None = None
    previous: bytes | None = None
    within_s: float = 300.0


class State(StrEnum):
    """LOST: it was started, it does not run, and it did not say how it ended. It can be started again."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"


@dataclass(frozen=True)
class Observed:
    """How a run goes. `events` are what it said so far, `result` its last word, `made` the file it was to write (a plan, a live state).

    `log` is the end of what it wrote for people.
    """

    state: State
    events: tuple[Mapping[str, Any], ...] = ()
    result: Mapping[str, Any] | None = None
    made: bytes | None = None
    log: str = ""
    tries: int = 0


class RunnerUnavailable(Exception):  # noqa: N818 - a sentence, as the ports have them
    """It cannot be said now whether or how it runs: try again later."""


class CannotRun(Exception):  # noqa: N818 - a sentence, as the ports have them
    """It will never run as it was asked for, however often that is said."""


class OtherJob(Exception):  # noqa: N818 - a sentence, as the ports have them
    """Something else was started under this id."""


@dataclass(frozen=True)
class Rights:
    """What a run may reach: environment variables by name, for steps with rights."""

    variables: Mapping[str, str] = field(default_factory=dict)


class Runner(Protocol):
    """Runs go on when whoever asked for them is gone. Each act may be said again."""

    async def start(self, job: Job, rights: Rights) -> None:
        """Raises OtherJob, CannotRun, RunnerUnavailable."""

    async def observe(self, id: str) -> Observed:
        """How it goes now. Raises RunnerUnavailable."""

    async def follow(self, id: str, seen: int, within_s: float) -> Observed:
        """As `observe`, once there are more than `seen` events or it runs no longer, and after `within_s` in any case."""

    async def cancel(self, id: str) -> None:
        """Ask it to end: SIGTERM, and after a while SIGKILL. One that has ended stays as it ended."""

    async def forget(self, id: str) -> None:
        """Nothing of it is kept. One that still runs is ended first."""
