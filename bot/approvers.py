"""Who may say yes to what waits for another person's word: in which role, and whether it is another person at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.asking import identity, service_resource
from bot.audience import Audience, is_private
from bot.auth.asked import Asked, Resource
from bot.auth.policies import Policies
from bot.auth.policy import Role, Standing
from bot.domain.approval import Approval
from bot.domain.catalogue import Catalogue
from bot.domain.environment import Environment
from bot.domain.message import Person, Platform, Thread
from bot.domain.project import Project

_NOBODY = Standing(Role.NOBODY)


@dataclass(frozen=True)
class Approvers:
    """`trusts_names`: people in terminals are who they say. `is_alone`: nobody can ever speak but in a terminal of this machine."""

    policies: Policies
    catalogue: Catalogue
    projects: Mapping[str, Project]
    audience: Audience
    within_s: float
    trusts_names: bool = False
    is_alone: bool = False

    def of_deploy(self, services: Iterable[str], environment: str, asker: Person) -> tuple[Role, ...]:
        """The roles in which somebody may approve all of it, lowest first; none where that is not a matter of roles."""
        known = self.catalogue.services
        asked = [self._of_service(known[each].key, environment, asker) for each in sorted(set(services)) if each in known]
        each_of = [self.policies.authorize(each).roles for each in asked]
        return tuple(role for role in (each_of[0] if each_of else ()) if all(role in roles for roles in each_of))

    def _of_service(self, key: str, environment: str, asker: Person) -> Asked:
        service = self.catalogue.services[key]
        project = self.projects.get(service.project)
        about = service_resource(service, project.forge if project else "", self.catalogue)
        return Asked("sled approve", identity(asker), _NOBODY, about, place="web", environment=environment)

    def of_life(self, it: Environment, asker: Person) -> tuple[Role, ...]:
        """The same of a longer life of an environment."""
        project = self.projects.get(it.project)
        about = Resource(it.project, project.forge if project else "", it.id, identity(it.owner))
        return self.policies.authorize(Asked("ivy approve", identity(asker), _NOBODY, about, place="web", is_fork=it.is_fork)).roles

    def also_asked_in(self, services: Iterable[str], thread: Thread) -> tuple[Thread, ...]:
        """Where else they are asked, when nobody but who asks reads in `thread`."""
        return self.audience.channels(services, thread) if is_private(thread) else ()

    def must_be_trusted(self, asker: Person) -> bool:
        """Whether nobody could answer this person: all who may speak count as one."""
        return self.is_alone and not self.trusts_names and asker.platform is Platform.CONSOLE

    def is_own(self, person: Person, request: Approval, accounts: frozenset[str]) -> bool:
        """Whether somebody else has to answer it: `accounts` are all of this person's now; those of who asked are remembered."""
        is_theirs = bool(accounts & {identity(request.person), *request.identities})
        return is_theirs or are_one_terminal(person, request, trusts_names=self.trusts_names)


def are_one_terminal(person: Person, request: Approval, *, trusts_names: bool) -> bool:
    """A terminal takes any name, so all that is said in terminals is one person's, unless the operator trusts the names."""
    return not trusts_names and {person.platform, request.person.platform} == {Platform.CONSOLE}
