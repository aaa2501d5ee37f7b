"""What goes over the keeper's socket: an Ask comes in, blank lines say that it is worked on, one Answer ends it."""

from __future__ import annotations

import msgspec

from provisioner.engine import Dataset, EngineFailed, EngineUnavailable, Source, Spec, StageName, StaleFence

BEAT_S = 2.0


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every POST; each step reads what it needs."""

    environment: str = ""
    fence: int = 0
    generation: int = 0
    number: int = 0
    grace_s: float | None = None
    spec: Spec | None = None
    service: str | None = None
    tail: int = 0
    source: Source | None = None
    paths: tuple[str, ...] = ()
    dataset: Dataset | None = None


class Done(msgspec.Struct, frozen=True, tag="done"):
    value: msgspec.Raw = msgspec.Raw(b"null")


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    stage: StageName
    reason: str
    log: tuple[str, ...] = ()
    code: str = "failed"


class Stale(msgspec.Struct, frozen=True, tag="stale"):
    reason: str


class Unavailable(msgspec.Struct, frozen=True, tag="unavailable"):
    reason: str


Answer = Done | Failed | Stale | Unavailable


class Health(msgspec.Struct, frozen=True):
    """`problems` empty: environments can be made. `protection` says what of the sandbox and the limits is in force."""

    problems: tuple[str, ...]
    environments: int
    protection: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        return not self.problems


def answer_of(problem: Exception) -> Answer:
    """An error as it goes over the socket. Anything unknown is raised again."""
    if isinstance(problem, StaleFence):
        return Stale(str(problem))
    if isinstance(problem, EngineFailed):
        return Failed(problem.stage, problem.reason, problem.log, problem.code)
    if isinstance(problem, EngineUnavailable):
        return Unavailable(str(problem))
    raise problem


def value_of(answer: Answer) -> msgspec.Raw:
    """The value of an answer. Raises the error that it stands for."""
    match answer:
        case Done(value):
            return value
        case Failed(stage, reason, log, code):
            raise EngineFailed(stage, reason, log, code)
        case Stale(reason):
            raise StaleFence(reason)
        case Unavailable(reason):
            raise EngineUnavailable(reason)
