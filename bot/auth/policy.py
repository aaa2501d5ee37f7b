"""What a decision is about and what it says: roles, groups of actions, how somebody stands here, yes or no and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.project import Right


class Role(StrEnum):
    """What somebody is to a project, lowest first."""

    NOBODY = "nobody"
    VIEWER = "viewer"
    DEVELOPER = "developer"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return _RANK[self]


class Action(StrEnum):
    """The groups that commands belong to; rules speak of a group, or of one command."""

    LEARN = "learn"  # help, whoami
    JOIN = "join"  # link, unlink
    LOOK = "look"
    CHANGE = "change"
    DEPLOY = "deploy"  # what brings services somewhere, or stops that
    LOCK = "lock"  # what keeps others from it: locks, vetoes
    APPROVE = "approve"  # what another has asked for


_RANK = {role: rank for rank, role in enumerate(Role)}
_ROLE_OF_RIGHT = {Right.NONE: Role.NOBODY, Right.READ: Role.NOBODY, Right.WRITE: Role.DEVELOPER, Right.ADMIN: Role.ADMIN}


@dataclass(frozen=True)
class Standing:
    """What somebody is here. `doubt` says, as the end of a sentence, why it is too little where it is.

    `why` says where the role comes from; `groups` and `identities` (`github:7`) are what the configuration and links make of them.
    """

    role: Role
    doubt: str = ""
    why: str = ""
    groups: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decision:
    """When it is a no: `code` and `reason` say why, `rule` which one (its @id), `argument` what of the line, `roles` who may."""

    is_allowed: bool
    code: str = ""
    reason: str = ""
    rule: str = ""
    argument: str = ""
    roles: tuple[Role, ...] = ()


def role_of(right: Right) -> Role:
    """What a right on the forge makes of somebody here. Reading is not enough: on a public project anybody reads."""
    return _ROLE_OF_RIGHT[right]
