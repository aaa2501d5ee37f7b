"""What the readers of Slack's requests share: the answer, what was read, and ids that are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.chats.wire import clean, needed
from bot.domain.message import Incoming, Person, Platform, Refused

TRIGGER = re.compile(r"[!-~]{1,200}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class HookAnswer:
    """What goes back to Slack."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Parsed:
    """What a request says. `request` is the part of it that was read and checked, in Slack's shape, for who dispatches it."""

    incoming: tuple[Incoming, ...] = ()
    request: Mapping[str, Any] = field(default_factory=dict)
    answer: HookAnswer = HookAnswer()


def an_id(value: str | None, name: str) -> str:
    """Check the id of something. Raises Refused (400)."""
    if not _ID.fullmatch(needed(value, name)):
        raise Refused(400, f"the body does not fit its event: {name}")
    return str(value)


def a_team(configured: str, *named: str | None) -> str | None:
    """Give the workspace that a request is from; None when it names another, or more than one.

    Strangers from a shared channel and guests of another workspace carry their own: they have no right here, whatever their id.
    """
    there = {an_id(each, "team_id") for each in named if each is not None}
    if not there and not configured:
        raise Refused(400, "the body does not fit its event: no team_id")
    there |= {configured} if configured else set()
    return there.pop() if len(there) == 1 else None


def person_of(id: str | None, name: str | None) -> Person:
    user = an_id(id, "user_id")
    return Person(Platform.SLACK, user, clean(name) or user)
