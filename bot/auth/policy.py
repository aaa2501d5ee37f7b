"""The one decision: may somebody in this role do this here? Default deny."""

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


class Action(StrEnum):
    LEARN = "learn"  # help, whoami
    LOOK = "look"
    CHANGE = "change"


_RANK = {role: rank for rank, role in enumerate(Role)}
NEEDED = {Action.LEARN: Role.VIEWER, Action.LOOK: Role.VIEWER, Action.CHANGE: Role.DEVELOPER}
_ROLE_OF_RIGHT = {Right.NONE: Role.NOBODY, Right.READ: Role.NOBODY, Right.WRITE: Role.DEVELOPER, Right.ADMIN: Role.ADMIN}


@dataclass(frozen=True)
class Standing:
    """What somebody is here. `doubt` says, as the end of a sentence, why it is too little where it is."""

    role: Role
    doubt: str = ""


@dataclass(frozen=True)
class Decision:
    """`code` and `reason` say why not; both are empty when it is allowed."""

    is_allowed: bool
    code: str = ""
    reason: str = ""


def role_of(right: Right) -> Role:
    """What a right on the forge makes of somebody here. Reading is not enough: on a public project anybody reads."""
    return _ROLE_OF_RIGHT[right]


def authorize(standing: Standing, action: Action) -> Decision:
    """Decide whether somebody who stands here like that may do this."""
    needed = NEEDED[action]
    if _RANK[standing.role] >= _RANK[needed]:
        return Decision(is_allowed=True)
    return Decision(
        is_allowed=False, code="not_allowed", reason=standing.doubt or f"it needs the role {needed} here, and yours is {standing.role}"
    )
