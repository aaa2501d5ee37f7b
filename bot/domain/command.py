"""A command that was taken: who said it, where, what became of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bot.domain.message import Person, Thread


class CommandState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table of commands. `goal` says what ends a running one: `generation:3`, `restart:2` or `gone`."""

    id: str
    message_id: int
    position: int
    words: str
    line: str
    person: Person
    thread: Thread
    asked_by_message: str
    state: CommandState
    code: str = ""
    environment_id: str | None = None
    goal: str = ""
    created_at: float
    ended_at: float | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, never changed afterwards."""

    at: float
    kind: str
    environment_id: str | None = None
    command_id: str | None = None
    project: str = ""
    actor: str = ""
    data: dict[str, str | int | float | bool | None] = {}
