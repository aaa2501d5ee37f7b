"""What the configuration says of people and groups: their roles everywhere, and in one project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.auth.policy import Role


@dataclass(frozen=True)
class Group:
    """`members` are identities: `github:7`."""

    members: frozenset[str]
    role: Role = Role.NOBODY


@dataclass(frozen=True)
class Told:
    """A role and where it comes from. A final one is not raised by anything else: a project's own word, or a ban."""

    role: Role = Role.NOBODY
    why: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class People:
    """Keys of `roles` are identities, keys of `groups` names; what a project says of them is under its key."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    project_roles: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)
    project_groups: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)

    @property
    def teams(self) -> Mapping[str, frozenset[str]]:
        """The identities of each group."""
        return {name: group.members for name, group in self.groups.items()}

    def groups_of(self, identities: frozenset[str]) -> frozenset[str]:
        return frozenset(name for name, group in self.groups.items() if group.members & identities)

    def told(self, identities: frozenset[str], project: str | None) -> Told:
        """First a ban, of one account and so of all; then the project's own word; else the highest."""
        if any(self.roles.get(each) is Role.NOBODY for each in identities):
            return Told(Role.NOBODY, "the configuration says nobody", is_final=True)
        theirs = self.groups_of(identities)
        if project is not None:
            here = _highest(self.project_roles.get(project, {}), identities)
            here = here if here is not None else _highest(self.project_groups.get(project, {}), theirs)
            if here is not None:
                return Told(here, f"the configuration of {project}", is_final=True)
        own = _highest(self.roles, identities) or Role.NOBODY
        group_name, group_role = max(((name, self.groups[name].role) for name in theirs), key=lambda each: each[1].rank, default=("", own))
        if group_role.rank > own.rank:
            return Told(group_role, f"the group {group_name}")
        return Told(own, "the configuration" if own is not Role.NOBODY else "")


def _highest(roles: Mapping[str, Role], names: frozenset[str]) -> Role | None:
    found = [roles[name] for name in names if name in roles]
    return max(found, key=lambda role: role.rank) if found else None
