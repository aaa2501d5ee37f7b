"""What the stand-ins of GitHub and GitLab remember, and the verbs a test speaks to either."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.server import FakeServer, HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.openapi import Description


@dataclass(eq=False)
class User:
    """`right` is none, read, write or admin in every project, where `rights` (by project id) does not say otherwise."""

    id: int
    login: str
    right: str = "none"
    kind: str = "User"  # User, Bot or Organization
    is_blocked: bool = False
    rights: dict[int, str] = field(default_factory=dict)

    def right_in(self, project: Project) -> str:
        return self.rights.get(project.id, self.right)


@dataclass(eq=False)
class Project:
    id: int
    path: str
    heads: dict[str, str] = field(default_factory=dict)
    commits: dict[str, float] = field(default_factory=dict)  # all that were made, and when
    merged: set[str] = field(default_factory=set)  # those of them that are on its default branch

    @property
    def owner(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(eq=False)
class Request:
    """A pull or merge request. `source` is the project its branch is in; None when that was deleted."""

    id: int
    project: Project
    number: int
    branch: str
    sha: str
    source: Project | None
    author: User
    title: str
    state: str = "open"  # open, closed or merged
    is_locked: bool = False
    is_draft: bool = False
    created_at: float = 0.0
    updated_at: float = 0.0
    merge_sha: str = ""  # what it became on the default branch
    reviews: list[tuple[User, str]] = field(default_factory=list)  # as GitHub calls them: APPROVED, CHANGES_REQUESTED …

    def reviewed(self, by: User, state: str = "APPROVED") -> None:
        self.reviews.append((by, state))

    def merged_as(self, sha: str) -> str:
        """It is on the default branch from now on, as this commit."""
        self.state, self.merge_sha = "merged", sha
        self.project.merged.add(sha)
        return sha


@dataclass(eq=False)
class Comment:
    """`edits` are its earlier bodies; `reactions` pairs of login and sign."""

    id: int
    request: Request
    author: User
    body: str
    created_at: float
    updated_at: float
    is_on_line: bool = False
    edits: list[str] = field(default_factory=list)
    reactions: list[tuple[str, str]] = field(default_factory=list)
    is_deleted: bool = False


@dataclass(frozen=True)
class Delivery:
    """A signed webhook as it arrives; header names in lower case."""

    headers: dict[str, str]
    body: bytes
    comment: Comment | None = None


def commit(*words: object) -> str:
    """A commit id made of words, always the same."""
    return hashlib.sha1("/".join(map(str, words)).encode()).hexdigest()


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


ZEROS = "0" * 40


@dataclass(eq=False)
class Sent:
    """A try to deliver; `status` 0 is one to which nobody answered."""

    id: int
    at: float
    delivery: Delivery
    status: int

    @property
    def payload(self) -> Any:
        return json.loads(self.delivery.body)


class FakeForge(FakeServer):
    """State and verbs. The verbs that people do on the platform give the delivery that tells of it."""

    bot_login = "trellis-bot"

    def __init__(self, description: Description | None, *, token: str = "forge-token", clock: Callable[[], float] = time.time) -> None:
        super().__init__(description)
        self.clock = clock
        self.token = token
        self._ids = itertools.count(1001)
        self.projects: list[Project] = []
        self.users: list[User] = []
        self.requests_open: list[Request] = []
        self._comments: list[Comment] = []
        self.bot = self.user(self.bot_login, id=900, right="write")
        self.tokens: dict[str, User] = {token: self.bot}
        self.sent: list[Sent] = []

    def project(self, path: str, *, id: int) -> Project:
        made = Project(id, path, {"main": commit(path, "main")})
        self.projects.append(made)
        self.merges(made, made.heads["main"])
        return made

    def commits(self, project: Project, sha: str) -> str:
        """Somebody pushes a commit to some branch of it."""
        project.commits.setdefault(sha, self.clock())
        return sha

    def merges(self, project: Project, sha: str) -> str:
        """It is on the default branch from now on."""
        project.merged.add(self.commits(project, sha))
        return sha

    def user(self, login: str, *, id: int, right: str = "none", kind: str = "User") -> User:
        made = User(id, login, right, kind)
        self.users.append(made)
        return made

    def change_request(
        self,
        project: str | Project,
        *,
        number: int,
        branch: str,
        sha: str | None = None,
        source: Project | None = None,
        author: User | None = None,
        title: str = "Make it better",
    ) -> Request:
        """Open one; `source` is another project when it is a fork."""
        where = self.project_at(project) if isinstance(project, str) else project
        head = sha or commit(where.path, branch)
        (source or where).heads[branch] = head
        made = Request(next(self._ids), where, number, branch, head, source or where, author or self.bot, title)
        made.created_at = made.updated_at = self.clock()
        self.requests_open.append(made)
        return made

    def sends(self, delivery: Delivery, status: int) -> Delivery:
        """Remember how a delivery was answered; 0: not at all."""
        self.sent.append(Sent(next(self._ids), self.clock(), delivery, status))
        return delivery

    def sent_since(self, kept_s: float) -> list[Sent]:
        """Newest first, those of which the forge still knows."""
        return [each for each in reversed(self.sent) if each.at >= self.clock() - kept_s]

    def comments(self, request: Request) -> list[Comment]:
        """The conversation, oldest first, deleted ones left out; comments on lines of the diff are no part of it."""
        return [each for each in self._comments if each.request is request and not each.is_deleted and not each.is_on_line]

    def said_by_bot(self, request: Request) -> list[str]:
        return [each.body for each in self.comments(request) if each.author is self.bot]

    def reactions(self, comment: Comment) -> list[str]:
        return [sign for _, sign in comment.reactions]

    def project_at(self, path: str) -> Project:
        for each in self.projects:
            if each.path == path:
                return each
        raise HttpError(404, None)

    def request_of(self, project: Project, number: int) -> Request:
        for each in self.requests_open:
            if each.project is project and each.number == number:
                return each
        raise HttpError(404, None)

    def comment_of(self, project: Project, number: int, *, is_on_line: bool = False) -> Comment:
        for each in self._comments:
            if each.id == number and each.request.project is project and each.is_on_line == is_on_line and not each.is_deleted:
                return each
        raise HttpError(404, None)

    def add_comment(self, request: Request, author: User, body: str, *, is_on_line: bool = False) -> Comment:
        now = self.clock()
        made = Comment(next(self._ids), request, author, body, now, now, is_on_line)
        self._comments.append(made)
        return made

    def rewrite(self, comment: Comment, body: str) -> None:
        comment.edits.append(comment.body)
        comment.body, comment.updated_at = body, self.clock()

    def move_head(self, project: Project, branch: str, sha: str) -> str:
        """Give `branch` a new head, also in the requests from it; the old head or zeros."""
        before = project.heads.get(branch, ZEROS)
        project.heads[branch] = sha
        for each in self.requests_open:
            if each.source is project and each.branch == branch and each.state == "open":
                each.sha, each.updated_at = sha, self.clock()
        return before
