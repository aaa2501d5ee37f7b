"""What people are called, where a chat tells only their ids."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from bot.chats.chat import Chat, KnowsNames
from bot.domain.message import Platform, Said

_ASK_S = 2.0


class Names:
    def __init__(self, chats: Mapping[Platform, Chat]) -> None:
        self._chats = chats

    async def named(self, said: Said) -> Said:
        """The same with the person's name in place of an id; as it is where nobody tells in time."""
        person, chat = said.person, self._chats.get(said.person.platform)
        if person.name != person.id or not isinstance(chat, KnowsNames):
            return said
        try:
            async with asyncio.timeout(_ASK_S):
                name = await chat.name_of(person.id)
        except TimeoutError:
            return said
        if name is None:
            return said
        known = msgspec.structs.replace(person, name=name)
        asker = known if said.thread.asker == person else said.thread.asker
        return msgspec.structs.replace(said, person=known, thread=msgspec.structs.replace(said.thread, asker=asker))
