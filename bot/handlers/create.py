"""`/ivy create`: an environment for a branch, or the one there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from bot import refusals
from bot.context import Head, Outcome, Outside, Scene, Transaction
from bot.context_ports import NotYet
from bot.domain.command import CommandState
from bot.domain.datasets import Seeds
from bot.domain.environment import Environment, Size, slug_of
from bot.domain.ids import new_id
from bot.domain.schedule import asleep_until
from bot.domain.service_config import DevEnv
from bot.handlers.datasets import goal_of, must_be_offered
from bot.handlers.differing import differences
from bot.handlers.effective import Asked, chosen, config_at, effective, settle
from bot.handlers.forks import head_of, must_be_allowed, must_be_head, request_of
from bot.handlers.handler import event
from bot.handlers.keep import kept
from bot.handlers.keep import must_have_room as must_have_room_to_keep
from bot.handlers.quota import must_have_room
from bot.handlers.sizes import must_be_a_size
from bot.handlers.spares import claimed, fitting
from bot.replies import already_there, branch_line, config
from grammar.commands import Create

_MOST_SALTS = 5
_LINE = "/ivy create"


@dataclass(frozen=True)
class Facts:
    """`config` is read only where the command names something of it, or wants to be told, or has to be known for a warm spare to fit."""

    head: Head
    config: DevEnv | None = None
    spare: Size | None = None  # of which size a warm one would do; None: of none


async def gather(command: Create, scene: Scene, outside: Outside) -> Facts:
    head = await _head(command, scene, outside)
    must_be_a_size(command.size, head.project, branch_line(head.project.key, head.ref))
    if command.tilt_args:
        await must_read_tilt_args(scene, head, outside)
    if not (command.profile or command.service or command.seed or command.dry_run):
        return Facts(head, spare=await fitting(asked_of(command), head, scene, outside))
    config = await config_at(head, outside)
    chosen(config, asked_of(command), head)
    must_be_offered(command.seed, config, head, lambda name: f"{branch_line(head.project.key, head.ref)} --seed {name}")
    return Facts(head, config, await fitting(asked_of(command), head, scene, outside))


def asked_of(command: Create) -> Asked:
    return Asked(
        profile=command.profile or "",
        services=command.service or (),
        size=Size(command.size.value) if command.size else None,
        ttl_s=command.ttl,
        tilt_args=command.tilt_args,
        seed=command.seed or "",
    )


async def _head(command: Create, scene: Scene, outside: Outside) -> Head:
    project = scene.project
    if project is None:
        raise refusals.NoProject("", scene.projects)
    if command.branch is None and scene.said.request is not None and scene.said.project == project.key:
        request = await request_of(scene.said.request, project, outside)
        if request.is_fork:
            must_be_allowed(command, scene, request, _LINE)
        if not request.is_open:
            raise refusals.request_closed(project, request)
        if command.sha:
            must_be_head(command.sha, request.sha, _LINE)
        return head_of(request, project, is_bound=command.sha is not None)
    if command.branch is None:
        raise refusals.which_branch(project)
    ref = command.branch if command.branch.startswith("refs/heads/") else f"refs/heads/{command.branch}"
    sha = await outside.runtime.head(project, ref)
    if sha is None:
        raise refusals.unknown_branch(command.branch, project, await outside.runtime.heads(project))
    if command.sha:
        must_be_head(command.sha, sha, branch_line(project.key, ref))
    return Head(project, ref, sha, project.id, is_bound=command.sha is not None)


async def must_read_tilt_args(scene: Scene, head: Head, outside: Outside) -> None:  # noqa: ARG001 - who asks does not matter
    """Tilt arguments that nothing reads would be lost without a word."""
    if not await outside.runtime.reads_tilt_args(head.project, head.where, head.sha):
        raise refusals.no_tilt()


async def decide(command: Create, scene: Scene, facts: Facts, transaction: Transaction) -> Outcome:
    head = facts.head
    ttl_s = command.ttl or scene.limits.ttl_s
    if ttl_s > scene.limits.cap_s:
        raise refusals.ttl_over_cap(scene.limits.cap_s, ttl_s)
    name = command.name or ""
    there = await transaction.environments.by_identity(head.project.key, head.source_id, head.ref, name)
    if there is not None and command.dry_run:
        return Outcome(config.differs_only(there, differences(command, there, head, transaction.now)), environment_id=there.id)
    if there is not None:
        held = await transaction.environments.locked(there.id)  # else it could come to run between our look and our word
        return await _there_is_one(command, scene, held or there, head, transaction)
    await must_have_room(scene, head.project, transaction)
    if command.dry_run and facts.config is not None:
        if command.keep:
            await must_have_room_to_keep(_new(command, scene, head, ttl_s, transaction.now), scene, transaction)
        return await _dry_run(command, scene, facts.config, head, transaction)
    environment = await _add(command, scene, facts, ttl_s, transaction)
    if command.keep:
        await must_have_room_to_keep(environment, scene, transaction)
        environment = await transaction.edit(kept(environment, scene.limits.keep_s, transaction.now))
    await transaction.open_card(scene.thread, environment)
    await transaction.note(event(scene, transaction, "created", environment, sha=environment.sha))
    return Outcome(state=CommandState.RUNNING, environment_id=environment.id, goal=goal_of(environment))


async def _dry_run(command: Create, scene: Scene, file: DevEnv, head: Head, transaction: Transaction) -> Outcome:
    """Say all that is known before anything is made."""
    asked = asked_of(command)
    if command.keep:
        asked = replace(asked, ttl_s=max(asked.ttl_s or 0.0, scene.limits.keep_s))
    settled = settle(file, asked, head, scene)
    left = scene.limits.environments - await transaction.environments.count_live()
    engine = head.project.engine
    price = scene.prices.of(settled.size, settled.ttl_s, engine) + scene.prices.of_disk(settled.gigabytes * settled.ttl_s, engine)
    total = scene.prices.shown(price) if price else ""
    slug = slug_of(f"{head.project.key}:{head.project.id}", head.source_id, head.ref, command.name or "")
    return Outcome(config.would_make(slug, await effective(head, settled, transaction), left=left, total_price=total))


async def _there_is_one(command: Create, scene: Scene, there: Environment, head: Head, transaction: Transaction) -> Outcome:
    if not there.is_wanted:
        raise NotYet("the environment before is being taken down")
    if there.request is None and head.request is not None:  # asked for elsewhere, by its branch: from now on it is this request's
        there = await transaction.edit(msgspec.structs.replace(there, request=head.request))
    await transaction.open_card(scene.thread, there)
    state = CommandState.DONE if there.is_settled else CommandState.RUNNING
    reply = already_there(there, differences(command, there, head, transaction.now))
    return Outcome(reply, state, environment_id=there.id, goal=f"generation:{there.generation}")


async def _add(command: Create, scene: Scene, facts: Facts, ttl_s: float, transaction: Transaction) -> Environment:
    head = facts.head
    spare = await claimed(head.project, facts.spare, transaction)
    for salt in range(_MOST_SALTS):
        environment = _new(command, scene, head, ttl_s, transaction.now, salt)
        if spare:
            environment = msgspec.structs.replace(environment, id=spare)
        if await transaction.add(environment):
            if spare:
                await transaction.note(event(scene, transaction, "spare_claimed", environment))
            return environment
    raise RuntimeError(f"no free slug for {head.ref}")


def _new(command: Create, scene: Scene, head: Head, ttl_s: float, now: float, salt: int = 0) -> Environment:
    name = command.name or ""
    return Environment(
        id=new_id(),
        slug=slug_of(f"{head.project.key}:{head.project.id}", head.source_id, head.ref, name, salt),
        project=head.project.key,
        source_id=head.source_id,
        is_fork=head.is_fork,
        ref=head.ref,
        name=name,
        request=head.request,
        owner=scene.person,
        thread=scene.thread,
        created_at=now,
        expires_at=now + ttl_s,
        deadline_set_at=now,
        active_at=now,
        idle_s=scene.limits.idle_s,
        schedule=head.project.schedule,
        engine=head.project.engine,
        awake_until=asleep_until(head.project.schedule, now),
        sha=head.sha,
        is_pinned=head.is_bound,
        is_bound=head.is_bound,
        tilt_args=tuple(command.tilt_args or ()),
        size=Size(command.size.value) if command.size else Size.SMALL,
        profile=command.profile or "",
        services=command.service or (),
        seeds=Seeds().asking(command.seed) if command.seed else Seeds(),
        left_to_file=tuple(name for name in ("ttl", "size") if getattr(command, name) is None),
    )
