"""Socket Mode: everything that Slack sends, over a connection that we open. No public address is needed.

Envelopes: docs.slack.dev/apis/events-api/using-socket-mode. Each is acknowledged when what it says is stored, and not before: Slack sends
again what was not. Before a connection ends Slack says so; a new one is opened then while the old one still delivers.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import structlog

from bot.chats.remote import RemoteFailure
from bot.chats.slack_client import SlackClient
from bot.chats.slack_hook import ANSWER_WITHIN_S, Take
from bot.chats.slack_parsed import Parsed
from bot.chats.slack_press import read_press
from bot.chats.slack_response import RESPONSE_HOSTS
from bot.chats.slack_wire import read_command, read_event
from bot.chats.wire import Wire, decode
from bot.domain.message import Refused

if TYPE_CHECKING:
    from collections.abc import Coroutine

log = structlog.get_logger()

_HEARTBEAT_S = 20.0
_LINGER_S = 30.0  # Slack ends a connection some ten seconds after it said so
_LONGEST_PAUSE_S = 60.0
_MOST_BYTES = 4 * 1024 * 1024


class _Envelope(Wire):
    type: str
    envelope_id: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"null")
    reason: str | None = None


_envelope = msgspec.json.Decoder(_Envelope)


def read_envelope(kind: str, payload: bytes, team: str, response_hosts: frozenset[str]) -> Parsed:
    """Read what an envelope holds, exactly as if it had come as a webhook. Raises Refused."""
    if kind == "events_api":
        return read_event(payload, team)
    if kind == "interactive":
        return read_press(payload, team, response_hosts)
    if kind == "slash_commands":
        fields = decode(_fields, payload)
        return read_command({name: value for name, value in fields.items() if isinstance(value, str)}, team, response_hosts)
    return Parsed()


_fields = msgspec.json.Decoder(dict[str, Any])


class _Link:
    """One connection. `is_over` is set as soon as another is wanted in its place."""

    def __init__(self) -> None:
        self.is_over = asyncio.Event()
        self.was_open = False


class SlackSocket:
    """`run` for ever in one place at a time; `take` stores. `team` "" takes any one workspace."""

    def __init__(
        self, api_url: str, app_token: str, team: str = "", response_hosts: frozenset[str] = RESPONSE_HOSTS, *, pause_s: float = 1.0
    ) -> None:
        self._client = SlackClient(api_url, app_token)
        self._app_token = app_token
        self._team = team
        self._response_hosts = response_hosts
        self._pause_s = pause_s

    async def close(self) -> None:
        await self._client.close()

    async def run(self, take: Take) -> None:
        """Keep connected until cancelled."""
        pause_s = self._pause_s
        async with asyncio.TaskGroup() as group:
            while True:
                link = _Link()
                group.create_task(self._serve(link, take))
                await link.is_over.wait()
                if link.was_open:
                    pause_s = self._pause_s
                    continue
                await asyncio.sleep(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    async def _serve(self, link: _Link, take: Take) -> None:
        """Hold one connection to its end, whatever that is."""
        try:
            opened = await self._client.ask(lambda web: web.apps_connections_open(app_token=self._app_token))
            session = self._client.session()
            how: dict[str, Any] = {"heartbeat": _HEARTBEAT_S, "max_msg_size": _MOST_BYTES}
            async with session.ws_connect(str(opened["url"]), **how) as socket:
                await self._listen(socket, link, take)
        except (RemoteFailure, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning("slack_socket_lost", reason=error.reason if isinstance(error, RemoteFailure) else type(error).__name__)
        finally:
            link.is_over.set()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, link: _Link, take: Take) -> None:
        async with asyncio.TaskGroup() as group:
            while (message := await self._next(socket, link)) is not None:
                if (work := self._understood(socket, link, message, take)) is not None:
                    group.create_task(work)

    async def _next(self, socket: aiohttp.ClientWebSocketResponse, link: _Link) -> str | None:
        """The next text; None at the end, or when nothing came for long on a connection that has been replaced."""
        try:
            async with asyncio.timeout(_LINGER_S if link.is_over.is_set() else None):
                message = await socket.receive()
        except TimeoutError:
            return None
        return str(message.data) if message.type is aiohttp.WSMsgType.TEXT else None

    def _understood(self, socket: aiohttp.ClientWebSocketResponse, link: _Link, text: str, take: Take) -> Coroutine[Any, Any, None] | None:
        try:
            envelope = decode(_envelope, text)
        except Refused as error:
            log.warning("slack_envelope_refused", reason=error.reason)
            return None
        if envelope.type == "hello":
            link.was_open = True
            log.info("slack_socket_open")
        if envelope.type == "disconnect":
            link.was_open = link.was_open and envelope.reason != "link_disabled"
            link.is_over.set()
        return self._handle(socket, envelope, take) if envelope.envelope_id else None

    async def _handle(self, socket: aiohttp.ClientWebSocketResponse, envelope: _Envelope, take: Take) -> None:
        try:
            parsed = read_envelope(envelope.type, bytes(envelope.payload), self._team, self._response_hosts)
        except Refused as error:  # sent again it would be no better
            log.warning("delivery_refused", platform="slack", status=error.status, reason=error.reason)
            parsed = Parsed()
        try:
            if parsed.incoming:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await take(parsed.incoming)
            answer = {"payload": json.loads(parsed.answer.body)} if parsed.answer.body else {}
            await socket.send_json({"envelope_id": envelope.envelope_id, **answer})
        except Exception as error:  # noqa: BLE001 - what is not acknowledged is sent again
            log.warning("delivery_not_stored", platform="slack", reason=repr(error))
