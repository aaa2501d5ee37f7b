"""`/ivy restore`: what is gone, again: a new row from the old one's slug and spec."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from bot import refusals
from bot.context import Head, Outcome, Outside, Scene, Transaction
from bot.context_ports import NotYet
from bot.domain.command import CommandState
from bot.domain.datasets import Seeds
from bot.domain.devenv_choice import nearest_size
from bot.domain.environment import Environment, Size
from bot.domain.ids import new_id
from bot.domain.project import Project
from bot.domain.schedule import asleep_until
from bot.handlers.datasets import goal_of
from bot.handlers.effective import Asked
from bot.handlers.handler import event
from bot.handlers.quota import must_have_room
from bot.handlers.spares import claimed, fitting
from bot.refusals_fork import not_restored
from bot.refusals_time import not_gone, too_long_gone
from grammar.commands import Restore


@dataclass(frozen=True)
class Facts:
    """The head of its branch, which must still be there: it is what it is made of."""

    head: str
    spare: Size | None = None


async def gather(command: Restore, scene: Scene, outside: Outside) -> Facts:
    del command
    project, environment = scene.project, scene.environment
    if project is None or environment is None:
        raise refusals.no_environment()
    if environment.is_fork:
        raise not_restored()
    head = await outside.runtime.head(project, environment.ref)
    if head is None:
        raise refusals.branch_gone(environment)
    sha = environment.sha if environment.is_pinned else head
    size = None if "size" in environment.left_to_file else environment.size
    asked = Asked(profile=environment.profile, services=environment.services, size=size)
    at = Head(project, environment.ref, sha, environment.source_id)
    return Facts(head, await fitting(asked, at, scene, outside))


async def decide(command: Restore, scene: Scene, facts: Facts, transaction: Transaction) -> Outcome:
    del command
    old = await transaction.environments.locked(scene.environment_id or "")
    project = scene.project
    if old is None or project is None:
        raise refusals.no_environment()
    now = transaction.now
    if await transaction.environments.by_identity(old.project, old.source_id, old.ref, old.name) or old.gone_at is None:
        if old.is_wanted:
            raise not_gone(old)
        raise NotYet("it is still being taken down")
    if now > old.gone_at + scene.limits.restore_s:
        raise too_long_gone(old, scene.limits.restore_s)
    await must_have_room(scene, project, transaction)
    environment = again(old, facts.head, project, scene, now)
    environment = msgspec.structs.replace(environment, size=nearest_size(environment.size, project.sizes))
    if spare := await claimed(project, facts.spare, transaction):
        environment = msgspec.structs.replace(environment, id=spare)
    if not await transaction.add(environment):
        raise not_gone(old)
    await transaction.open_card(scene.thread, environment)
    if spare:
        await transaction.note(event(scene, transaction, "spare_claimed", environment))
    await transaction.note(event(scene, transaction, "restored", environment, sha=environment.sha))
    return Outcome(state=CommandState.RUNNING, environment_id=environment.id, goal=goal_of(environment))


def again(old: Environment, head: str, project: Project, scene: Scene, now: float) -> Environment:
    """What was wanted of the old one, wanted anew, by whoever says so: at the head of its branch, unless it was pinned."""
    spec = {
        name: getattr(old, name)
        for name in (
            *("slug", "project", "source_id", "ref", "name", "request", "is_pinned", "tilt_args", "size", "schedule"),
            *("profile", "services", "left_to_file"),
        )
    }
    return Environment(
        **spec,
        id=new_id(),
        sha=old.sha if old.is_pinned else head,
        owner=scene.person,
        thread=scene.thread,
        created_at=now,
        expires_at=now + scene.limits.ttl_s,
        deadline_set_at=now,
        active_at=now,
        idle_s=scene.limits.idle_s,
        awake_until=asleep_until(old.schedule, now),
        restored_from=old.id,
        seeds=Seeds().asking(old.seeds.dataset) if old.seeds.dataset else Seeds(),
        engine=project.engine,
    )
