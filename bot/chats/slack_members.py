"""Whether somebody in Slack is a full member of the bot's workspace: https://docs.slack.dev/reference/methods/users.info."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from bot.chats.remote import RemoteFailure
from bot.chats.slack_client import SlackClient
from bot.chats.wire import clean
from bot.domain.message import Person, Platform

log = structlog.get_logger()

_GOOD_S = 300.0
_MOST_KNOWN = 10_000


class SlackMembers:
    """Guests, people of other workspaces, the gone and bots are none. An answer is good for five minutes; a doubt is a no."""

    def __init__(self, client: SlackClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, Person | None]] = {}

    async def is_member(self, person: Person) -> bool:
        return await self.account(person.id) is not None

    async def account(self, id: str) -> Person | None:
        known = self._known.get(id)
        if known and known[0] > self._clock():
            return known[1]
        try:
            ours = (await self._client.ask(lambda web: web.auth_test())).get("team_id")
            user = (await self._client.ask(lambda web: web.users_info(user=id))).get("user") or {}
        except RemoteFailure as error:
            log.warning("member_not_asked", person=id, reason=str(error))
            return None
        is_odd = any(user.get(each) for each in ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger"))
        is_member = user.get("id") == id and bool(ours) and user.get("team_id") == ours and not is_odd
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        account = Person(Platform.SLACK, id, clean(str(user.get("name") or id))[:100]) if is_member else None
        self._known[id] = (self._clock() + _GOOD_S, account)
        return account
