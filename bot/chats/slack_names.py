"""Names of people in Slack, asked once an hour."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from bot.chats.remote import RemoteFailure
from bot.chats.slack_client import SlackClient
from bot.chats.wire import clean

if TYPE_CHECKING:
    from collections.abc import Callable

_LASTS_S, _AGAIN_S = 3_600.0, 60.0
_REMEMBERED = 5_000


class Names:
    """`clock` in seconds, of any beginning. A name that could not be asked for is tried again after a minute."""

    def __init__(self, client: SlackClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._known: OrderedDict[str, tuple[str | None, float]] = OrderedDict()

    async def name_of(self, user: str) -> str | None:
        name, until = self._known.get(user, (None, 0.0))
        if self._clock() < until:
            return name
        try:
            answer = await self._client.ask(lambda web: web.users_info(user=user))
            name, lasts_s = _name_in(answer), _LASTS_S
        except RemoteFailure:
            lasts_s = _AGAIN_S
        self._known[user] = (name, self._clock() + lasts_s)
        self._known.move_to_end(user)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return name


def _name_in(answer: dict[str, object]) -> str | None:
    user = answer.get("user")
    name = user.get("name") if isinstance(user, dict) else None
    return clean(name)[:100] or None if isinstance(name, str) else None
