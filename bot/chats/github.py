"""GitHub as a place where people talk: deliveries read (`verify`, `parse`), pull requests commented on (`GitHubChat`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from bot.chats.chat import ChatRefused, Posted
from bot.chats.github_access import Access
from bot.chats.github_client import GitHubRemote, call
from bot.chats.github_forge import GitHubForge
from bot.chats.github_wire import parse, verify
from bot.chats.remote import RemoteFailure, as_chat_error
from bot.chats.wire import Anything, Wire
from bot.domain.message import Person, Platform, Thread
from bot.domain.project import ForgeKind
from bot.domain.prose import Card, Reaction, Reply
from bot.rendering import markdown

if TYPE_CHECKING:
    from github import Github
    from github.NamedUser import NamedUser
    from github.Organization import Organization

    from bot.domain.project import Project

__all__ = ["GitHubChat", "GitHubForge", "parse", "verify"]

T = TypeVar("T")
Draw = Callable[[Reply | Card, Literal["github"], str], str]

# GitHub knows eight; these come nearest to a tick and a cross.
_CONTENT = {Reaction.SEEN: "eyes", Reaction.DONE: "+1", Reaction.FAILED: "confused"}
_LOOKED_AT = 500  # newest comments in which `find` looks
_THREAD = re.compile(r"github:([^:]+):([0-9]{1,18})")
_MESSAGE = re.compile(r"(issue|review):([0-9]{1,18})")


class _Made(Wire):
    id: int


class GitHubChat:
    """The port `Chat` over comments of pull requests. Message ids are `issue:<id>` and, on a line of the diff, `review:<id>`."""

    platform = Platform.GITHUB

    def __init__(self, access: Access, projects: Iterable[Project], draw: Draw = markdown.draw) -> None:
        self._remote = GitHubRemote(access)
        self._paths = {project.key: project.path for project in projects if project.forge is ForgeKind.GITHUB}
        self._draw = draw
        self._me: Person | None = None

    async def post(self, thread: Thread, message: Reply | Card, marker: str) -> Posted:
        text = self._draw(message, "github", marker)
        path, number = self._place(thread)
        made = await self._call(path, "POST", f"/repos/{path}/issues/{number}/comments", _Made, {"body": text})
        return Posted(f"issue:{made.id}")

    async def edit(self, thread: Thread, id: str, message: Reply | Card, marker: str) -> None:
        text = self._draw(message, "github", marker)
        (path, _), (_, number) = self._place(thread), _message(id)
        await self._call(path, "PATCH", f"/repos/{path}/issues/comments/{number}", Anything, {"body": text})

    async def find(self, thread: Thread, marker: str) -> Posted | None:
        """Look among the newest comments for our own: anybody may have copied a marker out of one."""
        (path, number), mine, mark = self._place(thread), await self._own_id(), f"<!-- trellis:{marker} -->"

        def is_ours(author: NamedUser | Organization) -> bool:
            return str(author.id) == mine if mine else author.type == "Bot"

        def look(client: Github) -> Posted | None:
            comments = client.get_repo(path).get_issue(number).get_comments()
            for comment in islice(comments.reversed, _LOOKED_AT):
                if comment.user and is_ours(comment.user) and mark in (comment.body or ""):
                    return Posted(f"issue:{comment.id}")
            return None

        return await self._ask(path, look)

    async def react(self, thread: Thread, message_id: str, reaction: Reaction) -> None:
        if not message_id:
            return
        (path, _), (kind, number) = self._place(thread), _message(message_id)
        of = "pulls" if kind == "review" else "issues"
        await self._call(path, "POST", f"/repos/{path}/{of}/comments/{number}/reactions", Anything, {"content": _CONTENT[reaction]})

    async def _own_id(self) -> str | None:
        """None where the token cannot say whose it is, as those of GitHub Apps cannot: they speak as accounts of type Bot."""
        try:
            return (await self.me()).id
        except ChatRefused:
            return None

    async def me(self) -> Person:
        if self._me is None:
            try:
                account = await self._remote.account(self._paths.values())
            except RemoteFailure as failure:
                raise as_chat_error(failure) from failure
            self._me = Person(Platform.GITHUB, str(account.id), account.login, is_bot=True)
        return self._me

    def close(self) -> None:
        self._remote.close()

    async def _call(self, path: str, verb: str, address: str, shape: type[T], body: dict[str, Any] | None = None) -> T:
        return await self._ask(path, lambda client: call(client, verb, address, shape, body))

    async def _ask(self, path: str, question: Callable[[Github], T]) -> T:
        try:
            return await self._remote.ask(path, question)
        except RemoteFailure as failure:
            raise as_chat_error(failure) from failure

    def _place(self, thread: Thread) -> tuple[str, int]:
        """The repository's path and the pull request's number."""
        found = _THREAD.fullmatch(thread.address)
        if not found or found[1] not in self._paths:
            raise ChatRefused(f"no project is configured for {thread.address}")
        return self._paths[found[1]], int(found[2])


def _message(message_id: str) -> tuple[str, int]:
    found = _MESSAGE.fullmatch(message_id)
    if not found:
        raise ChatRefused(f"{message_id!r} is not the id of a comment")
    return found[1], int(found[2])
