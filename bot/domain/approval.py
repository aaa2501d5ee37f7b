"""A request that waits for another person's word."""

from __future__ import annotations

import secrets
from enum import StrEnum

import msgspec

from bot.domain.message import Person, Thread

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


DEPLOY = "deploy"
"""The kind of a request that is about a rollout; `environment_id` is that one's id, `wish` each deployment's plan hash and base."""


class ApprovalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    LATE = "late"  # nobody answered in time
    VOID = "void"  # what it was about is gone, or another request took its place


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `wish` is what is approved, to the letter: for `extend` the new end of life, in seconds since the epoch.

    `identities` are all accounts that whoever asked had then: who parts from one of them is nobody else.
    """

    id: str
    kind: str
    environment_id: str
    project: str
    person: Person
    identities: tuple[str, ...] = ()
    thread: Thread
    wish: dict[str, float | str]
    reason: str = ""
    state: ApprovalState = ApprovalState.OPEN
    created_at: float
    expires_at: float
    decider: Person | None = None
    comment: str = ""
    decided_at: float | None = None

    @property
    def goal(self) -> str:
        """What ends the command that asked."""
        return f"approval:{self.id}"


def approval_id() -> str:
    """Eight letters and digits (40 bits), which nobody guesses in the day that a request waits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))
