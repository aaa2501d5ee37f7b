"""Direct messages: the conversation with a person, opened once and remembered."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING

from bot.chats.remote import RemoteFailure
from bot.chats.slack_client import SlackClient, SlackFailure

if TYPE_CHECKING:
    from bot.domain.message import Thread

_TO_A_PERSON = re.compile(r"slack:[^:]*:@([A-Za-z0-9]+)")
_REMEMBERED = 5_000


def addressed(thread: Thread) -> str | None:
    """Give the id of the person whom a thread `slack:<team>:@<user id>` writes to; None for every other thread."""
    found = _TO_A_PERSON.fullmatch(thread.address)
    return found[1] if found else None


def is_channel(thread: Thread) -> bool:
    """Whether it is a channel itself, `slack:<team>:<channel>:channel`: what is said there begins no thread and answers none."""
    return thread.address.endswith(":channel")


class Directs:
    """Opens conversations. Raises RemoteFailure, a lasting one for whoever cannot be written to."""

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._channels: OrderedDict[str, str] = OrderedDict()

    async def channel(self, user: str) -> str:
        """Give the id of the direct message with `user`."""
        if user not in self._channels:
            try:
                answer = await self._client.ask(lambda web: web.conversations_open(users=user))
            except SlackFailure as failure:
                if failure.code != "missing_scope":
                    raise
                raise RemoteFailure(failure.reason, is_lasting=True) from None  # whoever has another way must not wait for an operator
            self._channels[user] = str(answer["channel"]["id"])
            while len(self._channels) > _REMEMBERED:
                self._channels.popitem(last=False)
        return self._channels[user]

    def forget(self, user: str) -> None:
        """Have the conversation opened again: Slack does not know it any more."""
        self._channels.pop(user, None)
