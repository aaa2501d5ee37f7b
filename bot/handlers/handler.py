"""What a handler is: what must be known first, and two functions (gather outside, decide inside)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot import refusals
from bot.asking import identity
from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.command import Event
from bot.domain.environment import Environment


class About(StrEnum):
    """What a command is about, and so where the right to say it is asked for."""

    NOTHING = "nothing"
    PROJECT = "project"  # one it names, or the one of the place where it is said
    ENVIRONMENT = "environment"
    APPROVAL = "approval"  # and the environment that it is about
    PERHAPS_ENVIRONMENT = "perhaps environment"  # one if there is one, else an overview
    SERVICES = "services"  # those that are named, and the shared environment they go to
    DEPLOY = "deploy"  # one that there is, by its number, or the last of this thread; and all of its services
    BETA = "beta"  # those that are named, else what was built of the request it is said in
    RELEASE = "release"  # the betas of those that are named, else of the request it is said in
    PERHAPS_SERVICES = "perhaps services"  # those that are named, else all that one may look at
    SCOPE = "scope"  # all services that a lock covers


Gather = Callable[[Any, Scene, Outside], Awaitable[Any]]
Decide = Callable[[Any, Scene, Any, Transaction], Awaitable[Outcome]]


async def gather_nothing(command: Any, scene: Scene, outside: Outside) -> None:  # noqa: ARG001 - the shape of a Gather
    return None


@dataclass(frozen=True)
class Handler:
    """`gather` asks the outside world before the transaction; `decide` edits rows inside it."""

    about: About
    decide: Decide
    gather: Gather = gather_nothing


def event(scene: Scene, transaction: Transaction, kind: str, environment: Environment, **data: str | float | bool | None) -> Event:
    """Something this command did, in the name of who said it. Names are chosen by whoever bears them: `person` is who it was."""
    return Event(
        at=transaction.now,
        kind=kind,
        environment_id=environment.id,
        project=environment.project,
        actor=f"{scene.person.platform}:{scene.person.name}",
        data={**data, "person": identity(scene.person)},
    )


async def the_environment(scene: Scene, transaction: Transaction) -> Environment:
    """The environment the bus found for this command, as it is now and kept from others until the commit."""
    environment = await transaction.environments.locked(scene.environment_id or "")
    if environment is None:
        raise refusals.no_environment()
    return environment


def must_be_wanted(environment: Environment, scene: Scene, transaction: Transaction) -> None:
    """Refuse to work on what is going or gone."""
    if not environment.is_wanted:
        since = environment.gone_at
        raise refusals.gone(environment, can_restore=since is not None and transaction.now <= since + scene.limits.restore_s)
