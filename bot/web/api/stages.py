"""One environment as the API says it, with how far its making is."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from bot.domain.environment import Environment
from bot.domain.prose import Stage, StageState
from bot.web.api.shapes import EnvironmentShape, environment_shape


class StageShape(BaseModel):
    """`done` of `of` tasks, where they can be counted (`of` above zero), and what they bring: the role of a machine's set-up."""

    name: str
    state: StageState
    seconds: float | None
    done: int
    of: int
    doing: str


class ServiceShape(BaseModel):
    """`healthy` null: not known. On machines it is asked when somebody looks, and known some seconds later."""

    name: str
    healthy: bool | None


class OneEnvironmentShape(EnvironmentShape):
    """`stages` are those of what is being made, or was made last."""

    stages: list[StageShape]
    services: list[ServiceShape]


def one_environment_shape(it: Environment, stages: Iterable[Stage], services: list[ServiceShape]) -> OneEnvironmentShape:
    shown = [StageShape(name=s.name, state=s.state, seconds=s.seconds, done=s.done, of=s.of, doing=s.doing) for s in stages]
    return OneEnvironmentShape(**dict(environment_shape(it)), stages=shown, services=services)
