"""What a command is about, as a scene: the environment or the request that is meant. Who may not look there learns nothing of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot import refusals, refusals_time, replies
from bot.asking import authorize
from bot.auditing import denied
from bot.auth.policy import Role
from bot.context import Scene
from bot.domain.approval import DEPLOY, Approval
from bot.domain.errors import UserError
from bot.domain.message import Person, Said
from bot.domain.project import Project
from bot.targets import find_environments, find_gone, named_project, only
from bot.units import Units
from grammar.commands import Command, Restore, Transfer
from grammar.values import EnvironmentName

InProject = Callable[[Scene, Project], Awaitable[Scene]]
Visible = Callable[[Person], Awaitable[frozenset[str]]]
OfRollout = Callable[[Scene, Approval, Command], Awaitable[Scene]]


class Finding:
    """`in_project` sees a scene in a project, with what who speaks is there; `visible` tells where somebody may look.

    `of_rollout` makes the scene of a request that is about a rollout.
    """

    def __init__(self, units: Units, in_project: InProject, visible: Visible, of_rollout: OfRollout) -> None:
        self._units = units
        self._of_rollout = of_rollout
        self._in_project = in_project
        self._visible = visible

    async def environment(self, scene: Scene, command: Command) -> Scene | None:
        """The one that is named, or the one of this place; None when none is named and none is here. Raises UserError."""
        name = getattr(command, "env", None)
        async with self._units.look() as look:
            found = await find_gone(scene.said, look.environments, look.now - scene.limits.restore_s) if _is_bare_restore(command) else ()
            found = found or await find_environments(name, scene.said, scene.project, scene.projects, look.environments)
        if not found:
            if name is None:
                return None
            if isinstance(command, Transfer) and command.person is None and name.slug:
                raise refusals_time.no_environment_but_person(name.slug)
            raise await self._not_there(name, scene)
        project = scene.projects.get(found[0].project)
        if project is None:
            raise refusals.forgotten_project(found[0].project)
        there = await self._in_project(scene, project)
        if name is not None and not _may_know(there):
            error = await self._not_there(name, scene)
            there = replace(there, environment=found[0])
            error.notes = {**denied(command.words, authorize(there, command.words, command), there).notes, "code": "not_allowed"}
            raise error
        return replace(there, environment=only(found))

    async def _not_there(self, name: EnvironmentName, scene: Scene) -> UserError:
        """The same words for what is not there and for what one may not know of. In a request only its own project is hinted at."""
        if name.request is not None:
            return refusals.no_environment_for(named_project(name.project, scene.project, scene.projects), name.request)
        projects = await self.known_to(scene.said)
        async with self._units.look() as look:
            return refusals.unknown_environment(name.slug or "", await look.environments.slugs(projects))

    async def known_to(self, said: Said) -> frozenset[str]:
        """The keys of projects that who said this may be told of: in a request, which others read, its own."""
        return frozenset({said.project}) if said.project else await self._visible(said.person)

    async def meant(self, scene: Scene, command: Command) -> dict[str, str]:
        """Which environment a denied attempt was about: for the audit log only, nothing of it is told."""
        if scene.role is Role.NOBODY or not hasattr(command, "env"):
            return {}
        async with self._units.look() as look:
            try:
                found = only(await find_environments(command.env, scene.said, scene.project, scene.projects, look.environments))
            except (UserError, IndexError):
                return {}
        return {"environment": found.id, "project": found.project}

    async def approval(self, scene: Scene, command: Command) -> Scene:
        """The request that is named, or the only one that waits in this thread, and what it is about."""
        id_ = getattr(command, "id", None)
        async with self._units.look() as look:
            if id_ is None:
                waiting = await look.approvals.open_in(scene.thread.address, look.now)
                if len(waiting) > 1:
                    raise refusals_time.which_approval(waiting, command.verb)
                approval = next(iter(waiting), None)
            else:
                approval = await look.approvals.get(id_)
            environment = await look.environments.get(approval.environment_id) if approval else None
        if approval is not None and approval.kind == DEPLOY:
            return await self._of_rollout(scene, approval, command)
        project = scene.projects.get(approval.project) if approval else None
        if approval is None or environment is None or project is None:
            raise refusals_time.no_approval(id_)
        return replace(await self._in_project(scene, project), environment=environment, approval=approval)


def _is_bare_restore(command: Command) -> bool:
    return isinstance(command, Restore) and command.env is None


def _may_know(scene: Scene) -> bool:
    """Whether somebody may look there; a forge that could not be asked is told as that."""
    is_unknown = scene.role is Role.NOBODY and scene.standing.doubt == replies.RIGHT_NOT_ASKED
    return is_unknown or authorize(scene, "ivy list").is_allowed
