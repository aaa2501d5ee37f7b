"""Forms: whoever asks for one gets it at once, or an answer in words where that cannot be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from bot.chats.chat import Chat, ChatRefused, ChatUnavailable, FormChat
from bot.domain.home import CreateForm
from bot.domain.message import FormAsked, Person, Platform, Thread
from bot.domain.project import Project
from bot.targets import home

log = structlog.get_logger()


class Forms:
    """`visible` gives the projects in which somebody may look: others are not offered."""

    def __init__(
        self,
        chats: Mapping[Platform, Chat],
        projects: Mapping[str, Project],
        cap_h: float,
        visible: Callable[[Person], Awaitable[frozenset[str]]],
    ) -> None:
        self._chats = chats
        self._projects = projects
        self._cap_h = cap_h
        self._visible = visible

    async def open(self, asked: FormAsked) -> bool:
        """False when it cannot be shown: then what was said instead is to be heard."""
        said = asked.said
        chat = self._chats.get(said.person.platform)
        projects = await self._visible(said.person)
        if not isinstance(chat, FormChat) or not projects:
            return False
        at_home = home(said, self._projects)
        chosen = at_home.key if at_home and at_home.key in projects else ""
        try:
            await chat.show_form(asked.trigger, self._form(said.thread, projects, chosen))
        except (ChatRefused, ChatUnavailable) as error:
            log.warning("form_not_shown", reason=str(error))
            return False
        return True

    def _form(self, thread: Thread, keys: frozenset[str], chosen: str) -> CreateForm:
        datasets = {each.name for key in keys if key in self._projects for each in self._projects[key].datasets}
        return CreateForm(tuple(sorted(keys)), thread, self._cap_h, chosen, tuple(sorted(datasets)))
