"""Which services a command is about, and where they go, as a scene. Each service is asked about by itself; all must be allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace

from bot import refusals_deploy, refusals_rules, replies
from bot.asking import authorize
from bot.auditing import denied
from bot.auth.policy import Decision, Role
from bot.context import Scene
from bot.domain.catalogue import SharedEnvironment
from bot.domain.errors import UserError
from bot.domain.message import Person
from bot.domain.project import Project
from bot.domain.scopes import NotOne, ScopeKind, parse, services_of
from bot.domain.wanted import NotInCatalogue, TwoWishes, Wanted, Wish, resolve
from grammar.commands import Command, Veto
from grammar.targets import TargetName

_LOOKING = "sled status"

InProject = Callable[[Scene, Project], Awaitable[Scene]]
Visible = Callable[[Person, str], Awaitable[frozenset[str]]]


class FindingServices:
    """`in_project` sees a scene in a project, with what who speaks is there; `visible` tells where somebody may look, by a command."""

    def __init__(self, in_project: InProject, visible: Visible) -> None:
        self._in_project = in_project
        self._visible = visible

    async def named(self, scene: Scene, command: Command) -> Scene:
        """Those that are named, to the environment that is named; both must be. Raises UserError."""
        names: tuple[TargetName, ...] = getattr(command, "targets", None) or ()
        if not names:
            raise refusals_deploy.which_target(await self._known(scene), command.verb)
        place = getattr(command, "to", None) or getattr(command, "in_", None)
        if place is None:
            raise refusals_deploy.which_place(scene.catalogue, f"{scene.line.rstrip()} --{'to' if hasattr(command, 'to') else 'in'}")
        return await self.allowed(await self.resolved(scene, names), self.place(scene, place), command)

    async def perhaps_named(self, scene: Scene, command: Command) -> Scene:
        """Those that are named, else all that one may look at; the environment may be left out."""
        names: tuple[TargetName, ...] = getattr(command, "targets", None) or ()
        place = getattr(command, "in_", None)
        shared = self.place(scene, place) if place else None
        if names:
            return await self.allowed(await self.resolved(scene, names), shared, command)
        projects = await self._visible(scene.person, command.words)
        services = sorted(scene.catalogue.services.values(), key=lambda each: each.key)
        return replace(scene, wanted=tuple(Wanted(each) for each in services if each.project in projects), shared=shared)

    async def covered(self, scene: Scene, command: Command) -> Scene:
        """All services that are named by what is to be locked; whoever locks has to be allowed to for each. Raises UserError."""
        word: str | None = getattr(command, "scope", None)
        if word is None:
            raise refusals_rules.which_scope(command.verb, await self._known(scene), scene.catalogue)
        scope = parse(word, scene.catalogue)
        if isinstance(scope, NotOne):
            raise refusals_rules.no_scope(scope, command.verb, await self._known(scene), scene.catalogue)
        wanted = tuple(Wanted(each) for each in services_of(scope, scene.catalogue))
        place = scope.name if scope.kind is ScopeKind.ENVIRONMENT else scope.environment
        there = replace(scene, scope=scope, wanted=wanted)
        try:
            return await self.allowed(there, scene.catalogue.environments.get(place), command)
        except UserError as error:
            if error.code != "unknown_target" or scope.kind is ScopeKind.SERVICE:
                raise
            more = refusals_rules.covers_more(scope, command.verb, await self._known(scene), place)
            more.notes = error.notes
            raise more from None

    async def resolved(self, scene: Scene, names: tuple[TargetName, ...]) -> Scene:
        wishes = ((each.name, Wish(each.artifact, each.commit, each.request, each.is_latest)) for each in names)
        try:
            return replace(scene, wanted=resolve(scene.catalogue, wishes))
        except NotInCatalogue as error:
            raise await self._not_there(scene, error.name) from None
        except TwoWishes as error:
            raise refusals_deploy.two_wishes(error.service) from None

    def place(self, scene: Scene, name: str) -> SharedEnvironment:
        found = scene.catalogue.environments.get(name)
        if found is None:
            raise refusals_deploy.unknown_place(name, scene.catalogue)
        return found

    async def allowed(self, scene: Scene, shared: SharedEnvironment | None, command: Command) -> Scene:
        """Raises UserError for the first that is not allowed; where one may not look, in the words for what is not there."""
        scene, first = replace(scene, shared=shared), scene.project
        for place, wanted in enumerate(scene.wanted):
            project = scene.projects.get(wanted.service.project)
            if project is None:
                raise await self._not_there(scene, wanted.service.key)
            there = replace(await self._in_project(scene, project), service=wanted.service)
            refused = ((words, decision) for words, decision in _decisions(there, command) if not decision.is_allowed)
            if no := next(refused, None):
                error = denied(*no, there)
                if _may_know(there):
                    raise error
                hidden = await self._not_there(scene, wanted.service.key)
                hidden.notes = {**error.notes, "code": "not_allowed"}
                raise hidden
            first = project if place == 0 else first
        return await self._in_project(scene, first) if first else scene

    async def of_deploy(self, scene: Scene, wanted: Iterable[Wanted], place: str, command: Command) -> Scene | None:
        """A deploy's own; None where one may not look at all of them. Raises UserError for what is not allowed beyond that."""
        projects = await self._visible(scene.person, _LOOKING)
        there = replace(scene, wanted=tuple(wanted))
        if not there.wanted or not all(each.service.project in projects for each in there.wanted):
            return None
        return await self.allowed(there, scene.catalogue.environments.get(place) or SharedEnvironment(place, 0), command)

    async def _not_there(self, scene: Scene, name: str) -> UserError:
        return refusals_deploy.unknown_target(name, await self._known(scene))

    async def _known(self, scene: Scene) -> list[str]:
        """Services and groups that somebody may know of."""
        projects = await self._visible(scene.person, _LOOKING)
        services = {key for key, each in scene.catalogue.services.items() if each.project in projects}
        groups = {key for key, each in scene.catalogue.groups.items() if services.issuperset(each.services)}
        return sorted(services | groups)


def _decisions(scene: Scene, command: Command) -> Iterator[tuple[str, Decision]]:
    """By the command itself; and by the one that it does besides, where its option says so."""
    yield command.words, authorize(scene, command.words, command)
    if getattr(command, "veto", False):
        yield Veto.words, authorize(scene, Veto.words)


def _may_know(scene: Scene) -> bool:
    """Whether somebody may look there; a forge that could not be asked is told as that."""
    is_unknown = scene.role is Role.NOBODY and scene.standing.doubt == replies.RIGHT_NOT_ASKED
    return is_unknown or authorize(scene, _LOOKING).is_allowed
