"""What is asked of the policy: who, what, about what, from where; and how Cedar wants to hear it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.auth.policy import Role, Standing

Words = bool | int | str


@dataclass(frozen=True)
class Resource:
    """What a command is about: a service or an environment (its id), else a project (its key), else nothing of the kind."""

    project: str = ""
    forge: str = ""
    environment: str = ""
    owner: str = ""  # an identity: github:7
    service: str = ""
    groups: tuple[str, ...] = ()  # the deploy groups that the service is in

    def uid(self) -> dict[str, str]:
        if self.service:
            return _uid("Service", self.service)
        if self.environment:
            return _uid("Environment", self.environment)
        return _uid("Project", self.project) if self.project else _uid("Trellis", "here")


@dataclass(frozen=True)
class Asked:
    """`person` is an identity (`github:7`), `action` a command's words."""

    action: str
    person: str
    standing: Standing
    resource: Resource = Resource()
    place: str = "request"
    channel: str = ""
    is_fork: bool = False
    environment: str = ""  # the shared one that services are brought to
    said: Mapping[str, Words] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        return {
            "principal": _uid("Person", self.person),
            "action": _uid("Action", self.action),
            "resource": self.resource.uid(),
            "context": self._context(),
        }

    def _context(self) -> dict[str, Any]:
        where = {"place": self.place, "channel": self.channel, "environment": self.environment}
        return {**where, "is_fork": self.is_fork, "said": dict(self.said)}

    def entities(self) -> list[dict[str, Any]]:
        platform, _, id_ = self.person.partition(":")
        standing = self.standing
        is_somebody = standing.role is not Role.NOBODY
        parents = [*([_uid("Role", standing.role)] if is_somebody else []), *(_uid("Group", each) for each in sorted(standing.groups))]
        attributes = {"platform": platform, "id": id_, "identities": sorted({self.person, *standing.identities})}
        return [*_ROLES, _entity(_uid("Person", self.person), attributes, parents), *_about(self.resource)]


def _about(resource: Resource) -> list[dict[str, Any]]:
    found = []
    project = _uid("Project", resource.project)
    if resource.project:
        found.append(_entity(project, {"forge": resource.forge}))
    if resource.service:
        groups = {"forge": resource.forge, "groups": sorted(resource.groups)}
        found.append(_entity(resource.uid(), groups, [project] if resource.project else []))
    elif resource.environment:
        attributes = {"owner": resource.owner, "forge": resource.forge}
        found.append(_entity(resource.uid(), attributes, [project] if resource.project else []))
    return found


def _uid(kind: str, id_: str) -> dict[str, str]:
    return {"type": kind, "id": str(id_)}


def _entity(
    uid: dict[str, str], attributes: Mapping[str, Any] | None = None, parents: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    return {"uid": uid, "attrs": dict(attributes or {}), "parents": parents or []}


_ROLES = [
    _entity(_uid("Role", Role.VIEWER)),
    _entity(_uid("Role", Role.DEVELOPER), parents=[_uid("Role", Role.VIEWER)]),
    _entity(_uid("Role", Role.ADMIN), parents=[_uid("Role", Role.DEVELOPER)]),
]
