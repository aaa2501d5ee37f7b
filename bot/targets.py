"""Which project and which environment a command is about: found by what it says, else by where it is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot import refusals
from bot.domain.environment import Environment
from bot.domain.message import Platform, Said
from bot.domain.project import Project
from grammar.values import EnvironmentName


class Rows(Protocol):
    async def get(self, id: str, /) -> Environment | None: ...

    async def by_slug(self, slug: str, /) -> Environment | None: ...

    async def by_request(self, project: str, request: int, /) -> Sequence[Environment]: ...

    async def by_thread(self, address: str, /) -> Sequence[Environment]: ...

    async def gone_of(self, address: str, request: tuple[str, int] | None, since: float, /) -> Sequence[Environment]: ...

    async def slugs(self, projects: frozenset[str], /) -> Sequence[str]: ...


def home(said: Said, projects: Mapping[str, Project]) -> Project | None:
    """The project of the place: the request's own, the channel's default, or the only one there is."""
    if said.project is not None:
        return projects.get(said.project)
    if said.thread.platform is Platform.SLACK:
        channel = said.thread.address.split(":")[2] if said.thread.address.count(":") >= 2 else ""
        defaults = [project for project in projects.values() if channel in project.slack_channels]
        if len(defaults) == 1:
            return defaults[0]
    return next(iter(projects.values())) if len(projects) == 1 else None


def named_project(name: str | None, at_home: Project | None, projects: Mapping[str, Project], request: int | None = None) -> Project:
    """The project that is meant, perhaps with a request of that number. Raises NoProject with the nearest ones."""
    if name is None:
        if at_home is None:
            raise refusals.NoProject("", projects, request)
        return at_home
    by_name = {**{project.path.lower(): project for project in projects.values() if project.path}, **projects}
    if found := by_name.get(name.lower()):
        return found
    raise refusals.NoProject(name, projects, request)


async def find_environments(
    name: EnvironmentName | None, said: Said, at_home: Project | None, projects: Mapping[str, Project], rows: Rows
) -> Sequence[Environment]:
    """Those that are named, all of one project; or those of this request or thread."""
    if name is None:
        return await _of_this_place(said, rows)
    if name.request is None:
        environment = await rows.by_slug((name.slug or "").lower())
        return [environment] if environment else []
    return await rows.by_request(named_project(name.project, at_home, projects, name.request).key, name.request)


async def find_gone(said: Said, rows: Rows, since: float) -> Sequence[Environment]:
    """What was here and went after `since`, and is not here again: what a bare `restore` is about."""
    request = (said.project, said.request) if said.project is not None and said.request is not None else None
    return await rows.gone_of(said.thread.address, request, since)


def only(found: Sequence[Environment]) -> Environment:
    """The one there is, rather than a guess. Raises UserError `which_environment`."""
    if len(found) > 1:
        raise refusals.which_environment(found)
    return found[0]


async def _of_this_place(said: Said, rows: Rows) -> Sequence[Environment]:
    """What was asked for here: in a request its own branch's before others, and the last that is gone when none lives."""
    here = await rows.by_thread(said.thread.address)
    if said.project is not None and said.request is not None:
        here = [each for each in here if each.request == said.request] or here or await rows.by_request(said.project, said.request)
    return here
