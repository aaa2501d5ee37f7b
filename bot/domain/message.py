"""What reaches us from outside, as values: who said what where, and what happened to a branch or a request."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Platform(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"
    SLACK = "slack"
    CONSOLE = "console"
    WEB = "web"  # threads in a browser or of the API, and people who are known by their sign-in


class Person(msgspec.Struct, frozen=True):
    """An account on one platform. `id` identifies (numeric on forges, `U…` in Slack); `name` is for display only."""

    platform: Platform
    id: str
    name: str
    is_bot: bool = False


class Thread(msgspec.Struct, frozen=True):
    """A place where a conversation is held: a merge request, a Slack thread, a terminal.

    `address` is stable and unique, made by the platform's chat module: `github:<project key>:<number>`,
    `gitlab:<project key>:<iid>`, `slack:<team>:<channel>:<thread ts>`, `slack:<team>:<channel>:slash-<trigger id>`,
    `slack:<team>:@<user id>` (a direct message to that person), `console:<name>`, `web:<person id>` and
    `web:<person id>:<what about>`. `root` is the platform's id of the message that opened it, where the bot had to open one.
    """

    platform: Platform
    address: str
    root: str | None = None
    response_url: str | None = None  # Slack slash commands only
    asker: Person | None = None  # whom to answer directly where the thread cannot be written to
    title: str = ""  # the words the thread was opened with, shown when the bot opens it


class Dialect(StrEnum):
    """How the text marks up what is not a command."""

    MARKDOWN = "markdown"
    SLACK = "slack"
    LINE = "line"  # the whole text is one command line (slash command, terminal)


class Said(msgspec.Struct, frozen=True, tag=True):
    """A new message. `key` is unique by content: the same message delivered twice has the same key."""

    key: str
    person: Person
    thread: Thread
    text: str
    message_id: str  # the platform's id of the asking message, for reactions; "" where there is none
    dialect: Dialect
    project: str | None = None  # key in the settings
    request: int | None = None  # number of the merge or pull request
    is_direct: bool = False  # a DM or a mention: the bare verb will do
    said_at: float | None = None  # seconds since the epoch, where the platform says it
    pressed: str | None = None  # which button, of which message, by whom: pressed twice within moments it is pressed once
    was_changed: bool = False  # found by polling and edited by then: what it said at first nobody knows


class Edited(msgspec.Struct, frozen=True, tag=True):
    """An earlier message was edited. `said_key` is the key its `Said` had. Runs nothing; may cancel what has not begun."""

    key: str
    said_key: str
    person: Person
    thread: Thread
    text: str
    dialect: Dialect


class Pushed(msgspec.Struct, frozen=True, tag=True):
    """A branch of a project got a new head."""

    key: str
    project: str
    ref: str  # full: refs/heads/…
    sha: str


class BranchDeleted(msgspec.Struct, frozen=True, tag=True):
    key: str
    project: str
    ref: str


class RequestOpened(msgspec.Struct, frozen=True, tag=True):
    """A merge or pull request was opened, opened again, or is no draft any more. `said` is what its author would say for an environment."""

    key: str
    project: str
    number: int
    ref: str  # full ref of the source branch
    is_fork: bool
    is_draft: bool
    said: Said
    at: float | None = None  # when, or not later than that, by the platform's clock


class RequestClosed(msgspec.Struct, frozen=True, tag=True):
    """A merge or pull request was merged or closed."""

    key: str
    project: str
    number: int
    ref: str  # full ref of the source branch
    is_fork: bool
    is_merged: bool


class RequestMoved(msgspec.Struct, frozen=True, tag=True):
    """The branch of a request, which is in a fork, has another head."""

    key: str
    project: str
    number: int
    ref: str  # full ref of the source branch
    sha: str


class Judged(msgspec.Struct, frozen=True, tag=True):
    """A check of a commit ended, or somebody approved a request or does not any more: gates may say something else by now.

    `sha` is the commit that it is about; "": whichever the forge says.
    """

    key: str
    project: str
    sha: str = ""


STALE_AFTER_S = 3600.0


def is_stale(said: Said, now: float) -> bool:
    """Whether too much may have happened since it was said to still do it. Told by the platform's own time; without one, never."""
    return said.said_at is not None and now - said.said_at > STALE_AFTER_S


class FormAsked(msgspec.Struct, frozen=True, tag=True):
    """Somebody wants the form that makes an environment. `trigger` opens it for some seconds; where that fails, `said` is heard instead."""

    key: str
    said: Said
    trigger: str


class HomeOpened(msgspec.Struct, frozen=True, tag=True):
    """Somebody looks at their own page in a chat. `thread` stands for that page."""

    key: str
    person: Person
    thread: Thread


Incoming = Said | Edited | Pushed | BranchDeleted | RequestOpened | RequestClosed | RequestMoved | Judged | FormAsked | HomeOpened


class Refused(Exception):  # noqa: N818 - it is an answer, not an accident
    """A delivery that cannot be taken; `status` is the HTTP status to answer with (400, 401, 413)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
