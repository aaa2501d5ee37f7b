"""GitLab as a place where people talk: deliveries read (`verify`, `parse`), merge requests commented on (`GitLabChat`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from bot.chats.chat import ChatRefused, Posted
from bot.chats.gitlab_client import remote
from bot.chats.gitlab_forge import GitLabForge
from bot.chats.gitlab_wire import parse, verify
from bot.chats.remote import RemoteFailure, as_chat_error
from bot.chats.wire import Wire
from bot.domain.message import Person, Platform, Thread
from bot.domain.project import ForgeKind
from bot.domain.prose import Card, Reaction, Reply
from bot.rendering import markdown

if TYPE_CHECKING:
    from gitlab import Gitlab
    from gitlab.v4.objects import ProjectMergeRequest

    from bot.domain.project import Project

__all__ = ["GitLabChat", "GitLabForge", "parse", "verify"]

T = TypeVar("T")
Draw = Callable[[Reply | Card, Literal["gitlab"], str], str]

_EMOJI = {Reaction.SEEN: "eyes", Reaction.DONE: "white_check_mark", Reaction.FAILED: "x"}
_LOOKED_AT = 500  # newest notes in which `find` looks
_THREAD = re.compile(r"gitlab:([^:]+):([0-9]{1,18})")
_MESSAGE = re.compile(r"[0-9]{1,18}")


class _Author(Wire):
    id: int
    username: str = ""


class _Note(Wire):
    id: int
    body: str | None = None
    author: _Author | None = None


class GitLabChat:
    """The port `Chat` over notes of merge requests. Message ids are notes' ids."""

    platform = Platform.GITLAB

    def __init__(self, url: str, token: str, projects: Iterable[Project], draw: Draw = markdown.draw) -> None:
        self._remote = remote(url, token)
        self._ids = {project.key: int(project.id) for project in projects if project.forge is ForgeKind.GITLAB}
        self._draw = draw
        self._me: Person | None = None

    async def post(self, thread: Thread, message: Reply | Card, marker: str) -> Posted:
        text = self._draw(message, "gitlab", marker)
        place = self._place(thread)

        def create(client: Gitlab) -> Posted:
            made = _request(client, place).notes.create({"body": text}).attributes
            return Posted(str(msgspec.convert(made, _Note).id))

        return await self._ask(create)

    async def edit(self, thread: Thread, id: str, message: Reply | Card, marker: str) -> None:
        text = self._draw(message, "gitlab", marker)
        place, note = self._place(thread), _message(id)
        await self._ask(lambda client: _request(client, place).notes.update(note, {"body": text}))

    async def find(self, thread: Thread, marker: str) -> Posted | None:
        """Look among the newest notes for our own: anybody may have copied a marker out of one."""
        place, mine, mark = self._place(thread), (await self.me()).id, f"<!-- trellis:{marker} -->"

        def look(client: Gitlab) -> Posted | None:
            newest = _request(client, place).notes.list(iterator=True, order_by="created_at", sort="desc", per_page=100)
            for each in islice(newest, _LOOKED_AT):
                note = msgspec.convert(each.attributes, _Note)
                if note.author and str(note.author.id) == mine and mark in (note.body or ""):
                    return Posted(str(note.id))
            return None

        return await self._ask(look)

    async def react(self, thread: Thread, message_id: str, reaction: Reaction) -> None:
        if not message_id:
            return
        place, note = self._place(thread), _message(message_id)
        award = {"name": _EMOJI[reaction]}
        try:
            await self._remote.ask(lambda client: _request(client, place).notes.get(note, lazy=True).awardemojis.create(award))
        except RemoteFailure as failure:
            if "already been taken" not in failure.reason:  # GitLab's 404 for a sign that is there
                raise as_chat_error(failure) from failure

    async def me(self) -> Person:
        if self._me is None:
            self._me = await self._ask(_account)
        return self._me

    def close(self) -> None:
        self._remote.close()

    async def _ask(self, question: Callable[[Gitlab], T]) -> T:
        try:
            return await self._remote.ask(question)
        except RemoteFailure as failure:
            raise as_chat_error(failure) from failure

    def _place(self, thread: Thread) -> tuple[int, int]:
        """The project's id and the merge request's number."""
        found = _THREAD.fullmatch(thread.address)
        if not found or found[1] not in self._ids:
            raise ChatRefused(f"no project is configured for {thread.address}")
        return self._ids[found[1]], int(found[2])


def _message(message_id: str) -> int:
    if not _MESSAGE.fullmatch(message_id):
        raise ChatRefused(f"{message_id!r} is not the id of a note")
    return int(message_id)


def _request(client: Gitlab, place: tuple[int, int]) -> ProjectMergeRequest:
    """The merge request, unasked."""
    return client.projects.get(place[0], lazy=True).mergerequests.get(place[1], lazy=True)


def _account(client: Gitlab) -> Person:
    user = msgspec.convert(client.http_get("/user"), _Author)
    return Person(Platform.GITLAB, str(user.id), user.username, is_bot=True)
