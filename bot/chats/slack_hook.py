"""The door for what Slack sends: verified and read by us, dispatched and acknowledged by Bolt, within the three seconds Slack waits.

Bolt is given only what was read and checked: it never sees an unverified request, nor a shape it could trip over, and it never
calls Slack before the answer is out (its own verification reads the clock and decodes the body first; its authorisation asks auth.test).
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult

from bot.chats.slack_parsed import HookAnswer
from bot.chats.slack_response import RESPONSE_HOSTS
from bot.chats.slack_wire import COMMANDS, parse, verify
from bot.domain.message import Incoming
from bot.rendering.views import CREATE

Take = Callable[[Sequence[Incoming]], Awaitable[None]]

ANSWER_WITHIN_S = 2.5  # Slack waits for three seconds
_TAKING = "trellis_taking"
_BUSY = HookAnswer(503, {"content-type": "text/plain; charset=utf-8", "retry-after": "5"}, b"busy: not taken, try again\n")


@dataclass
class _Taking:
    """One request on its way through Bolt: what it says, who stores it, and how that ended."""

    incoming: Sequence[Incoming]
    take: Take
    is_taken: bool = False
    error: Exception | None = None


class SlackHook:
    """`POST /hooks/slack`. `team` "" takes any one workspace."""

    def __init__(
        self,
        signing_secret: str,
        team: str = "",
        response_hosts: frozenset[str] = RESPONSE_HOSTS,
        *,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._signing_secret = signing_secret
        self._team = team
        self._response_hosts = response_hosts
        self._answer_within_s = answer_within_s
        self._app = _app()

    async def handle(self, headers: Mapping[str, str], body: bytes, now: float, take: Take) -> HookAnswer:
        """Answer one request. `take` has stored what it says before the 2xx; what `take` raises goes on to the caller.

        Raises Refused (401 or 400). A `take` that is too slow is cancelled and answered 503: Slack sends events again.
        """
        verify(headers, body, signing_secret=self._signing_secret, now=now)
        parsed = parse(headers, body, team=self._team, response_hosts=self._response_hosts)
        if not parsed.incoming:
            return parsed.answer
        taking = _Taking(parsed.incoming, take)
        try:
            async with asyncio.timeout(self._answer_within_s):
                answer = await self._dispatch(parsed.request, taking)
        except TimeoutError:
            return _BUSY
        if taking.error is not None:
            raise taking.error
        return answer if taking.is_taken else HookAnswer(500)

    async def _dispatch(self, request: Mapping[str, Any], taking: _Taking) -> HookAnswer:
        bolt_request = AsyncBoltRequest(body=json.dumps(request), headers={"content-type": "application/json"}, context={_TAKING: taking})
        response = await self._app.async_dispatch(bolt_request)
        headers = {name: values[0] for name, values in response.headers.items() if values}
        return HookAnswer(response.status, headers, response.body.encode())


@functools.cache
def _app() -> AsyncApp:
    """One for all hooks of a process: what belongs to one request travels in its context."""
    app = AsyncApp(
        authorize=_authorize,
        process_before_response=True,  # the acknowledgement says that it is stored
        request_verification_enabled=False,  # done, over the raw bytes, before anything was read
        ssl_check_enabled=False,
        url_verification_enabled=False,
    )
    for command in COMMANDS:
        app.command(command)(_store)
    app.event("app_mention")(_store)
    app.event("message")(_store)
    app.event("app_home_opened")(_store)
    app.action(re.compile(".*"))(_store)
    app.view(CREATE)(_store)
    app.shortcut(CREATE)(_store)
    return app


async def _authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


async def _store(context: AsyncBoltContext, ack: AsyncAck) -> None:
    taking: _Taking = context[_TAKING]
    try:
        await taking.take(taking.incoming)
    except Exception as error:  # noqa: BLE001 - Bolt would log it and answer 500: it is the caller's to judge
        taking.error = error
        return
    taking.is_taken = True
    await ack()
