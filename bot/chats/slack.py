"""Slack as a place where people talk: requests read (`SlackHook`), threads written to (`SlackChat`)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from bot.chats.chat import ChatRefused, Posted
from bot.chats.remote import RemoteFailure, as_chat_error
from bot.chats.slack_client import SlackClient, SlackFailure
from bot.chats.slack_direct import Directs, addressed, is_channel
from bot.chats.slack_hook import SlackHook, Take
from bot.chats.slack_members import SlackMembers
from bot.chats.slack_names import Names
from bot.chats.slack_parsed import HookAnswer, Parsed
from bot.chats.slack_response import RESPONSE_HOSTS, Responses, pinned
from bot.chats.slack_search import Place, Search, metadata, opening_marker
from bot.chats.slack_wire import parse, verify
from bot.domain.home import CreateForm, Home
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Card, Code, Reaction, Reply, Strong, Tone, line
from bot.rendering import blocks
from bot.rendering.blocks import Drawn
from bot.rendering.views import form_view, home_view

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["RESPONSE_HOSTS", "HookAnswer", "Parsed", "SlackChat", "SlackHook", "Take", "parse", "pinned", "verify"]

T = TypeVar("T")
Draw = Callable[[Reply | Card, str], Drawn]

_NAMES = {Reaction.SEEN: "eyes", Reaction.DONE: "white_check_mark", Reaction.FAILED: "x"}
_ABSENT = frozenset({"not_in_channel", "channel_not_found", "restricted_action"})
_UNDRAWABLE = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
_WHISPERED = "response"  # the id of a message that only the asker saw: it can be neither found nor edited
_REMEMBERED = 1_000


class SlackChat:
    """The port `Chat` over Slack. Message ids and roots are `<channel>:<ts>`.

    A slash command is no message: the bot opens one that says who typed what, and its thread holds the rest. Where the bot is not
    in the channel, a short post goes to the asker through `response_url`, and a card opens a thread in a direct message instead.
    A thread `slack:<team>:@<user id>` is the direct message with that person; ChatRefused when they cannot be written to.
    """

    platform = Platform.SLACK

    def __init__(
        self,
        api_url: str,
        bot_token: str,
        response_hosts: frozenset[str] = RESPONSE_HOSTS,
        draw: Draw = blocks.draw,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = SlackClient(api_url, bot_token)
        self._responses = Responses(response_hosts, self._client.session, clock)
        self.members = SlackMembers(self._client)
        self._search = Search(self._client, self.me)
        self._directs = Directs(self._client)
        self._names = Names(self._client, clock)
        self._draw = draw
        self._me: Person | None = None
        self._roots: OrderedDict[str, Place] = OrderedDict()  # opened by this process, until the row says so
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def close(self) -> None:
        """Close the connections. Those who share a loop with it call this last."""
        await self._client.close()

    async def me(self) -> Person:
        if self._me is None:
            answer = await _plainly(self._client.ask(lambda web: web.auth_test()))
            self._me = Person(Platform.SLACK, str(answer.get("user_id", "")), str(answer.get("user", "")), is_bot=True)
        return self._me

    async def name_of(self, id: str) -> str | None:
        return await self._names.name_of(id)

    async def post(self, thread: Thread, message: Reply | Card, marker: str) -> Posted:
        return await _plainly(self._post(thread, message, marker))

    async def find(self, thread: Thread, marker: str) -> Posted | None:
        return await _plainly(self._find(thread, marker))

    async def edit(self, thread: Thread, id: str, message: Reply | Card, marker: str) -> None:  # noqa: ARG002 - the port's names
        channel, _, ts = id.partition(":")
        if not ts:
            raise ChatRefused("an answer through response_url cannot be edited")
        drawn = self._draw(message, marker)
        how: dict[str, Any] = {"channel": channel, "ts": ts, "metadata": metadata(marker), "link_names": False}
        await _plainly(_shown(drawn, lambda shown: self._client.ask(lambda web: web.chat_update(**how, **shown))))

    async def react(self, thread: Thread, message_id: str, reaction: Reaction) -> None:
        if not message_id:
            return  # a slash command is no message
        user = addressed(thread)
        try:
            channel = await self._directs.channel(user) if user else thread.address.split(":")[2]
            await self._client.ask(lambda web: web.reactions_add(channel=channel, timestamp=message_id, name=_NAMES[reaction]))
        except RemoteFailure as failure:
            code = failure.code if isinstance(failure, SlackFailure) else ""
            if code == "missing_scope":  # a sign is not worth waiting for an operator
                raise ChatRefused(failure.reason) from None
            if code != "already_reacted":
                raise as_chat_error(failure) from None

    async def show_home(self, thread: Thread, home: Home) -> None:
        """Publish the App Home of `slack:<team>:home-<user id>`."""
        user, view = thread.address.rpartition("-")[2], home_view(home)
        await _plainly(self._client.ask(lambda web: web.views_publish(user_id=user, view=view)))

    async def show_form(self, trigger: str, form: CreateForm) -> None:
        view = form_view(form)
        await _plainly(self._client.ask(lambda web: web.views_open(trigger_id=trigger, view=view)))

    async def _post(self, thread: Thread, message: Reply | Card, marker: str) -> Posted:
        drawn = self._draw(message, marker)
        if user := addressed(thread):
            return Posted(await self._send_to(user, drawn, marker))
        if is_channel(thread):
            return Posted(await self._send(_channel_of(thread), drawn, marker))
        place = self._place(thread)
        try:
            if place.ts is not None:
                is_told = thread.root is not None or thread.address not in self._roots
                return Posted(await self._send(place, drawn, marker), None if is_told else str(place))
            root = await self._open(place.channel, thread)
            return Posted(await self._send(root, drawn, marker), str(root))
        except SlackFailure as failure:
            if failure.code not in _ABSENT or thread.root is not None or thread.address in self._roots:
                raise
        return await self._post_elsewhere(thread, message, marker)

    async def _post_elsewhere(self, thread: Thread, message: Reply | Card, marker: str) -> Posted:
        """The bot is not in the channel: a short post is whispered there, a card lives in a direct message."""
        drawn = self._draw(message, marker)
        if isinstance(message, Reply) and await self._responses.send(thread.response_url, drawn):
            return Posted(_WHISPERED)
        try:
            root = await self._open(await self._direct(thread), thread)
            return Posted(await self._send(root, drawn, marker), str(root))
        except RemoteFailure as failure:
            if failure.is_lasting and isinstance(message, Card) and await self._responses.send(thread.response_url, drawn):
                return Posted(_WHISPERED)
            raise

    async def _open(self, channel: str, thread: Thread) -> Place:
        """Open the message that a thread hangs on, or give the one that was opened before."""
        async with self._opening.setdefault(thread.address, asyncio.Lock()):
            if thread.address in self._roots:
                return self._roots[thread.address]
            ts = await self._search.root(channel, thread)
            root = Place(channel, ts) if ts else await self._begin(channel, thread)
            self._roots[thread.address] = root
            while len(self._roots) > _REMEMBERED:
                self._roots.popitem(last=False)
            return root

    async def _begin(self, channel: str, thread: Thread) -> Place:
        who = thread.asker.name if thread.asker else "somebody"
        words = Reply(Tone.NEUTRAL, (line(Strong(who), ": ", Code(thread.title or "a command")),))
        marker = opening_marker(thread)
        sent = await self._send(Place(channel, None), self._draw(words, marker), marker)
        opened, _, ts = sent.partition(":")
        return Place(opened, ts)

    async def _direct(self, thread: Thread) -> str:
        """Open the direct message with the asker."""
        if thread.asker is None:
            raise RemoteFailure("the bot is not in the channel and knows nobody to write to", is_lasting=True)
        try:
            return await self._directs.channel(thread.asker.id)
        except SlackFailure:
            raise
        except RemoteFailure as failure:
            reason = f"the bot is not in the channel, and {failure.reason}"
            raise RemoteFailure(reason, retry_after_s=failure.retry_after_s, is_lasting=failure.is_lasting) from None

    async def _send_to(self, user: str, drawn: Drawn, marker: str) -> str:
        """Write to a person, in a message of its own."""
        place = Place(await self._directs.channel(user), None)
        try:
            return await self._send(place, drawn, marker)
        except SlackFailure as failure:
            if failure.code != "channel_not_found":
                raise
            self._directs.forget(user)
        return await self._send(Place(await self._directs.channel(user), None), drawn, marker)

    async def _send(self, place: Place, drawn: Drawn, marker: str) -> str:
        how: dict[str, Any] = {"channel": place.channel, "thread_ts": place.ts, "metadata": metadata(marker)}
        how |= {"link_names": False, "unfurl_links": False, "unfurl_media": False}
        answer = await _shown(drawn, lambda shown: self._client.ask(lambda web: web.chat_postMessage(**how, **shown)))
        return f"{answer.get('channel', place.channel)}:{answer['ts']}"

    async def _find(self, thread: Thread, marker: str) -> Posted | None:
        if user := addressed(thread):
            channel = await self._directs.channel(user)
            ts = await self._search.message(Place(channel, None), marker)
            return Posted(f"{channel}:{ts}") if ts else None
        if is_channel(thread):
            ts = await self._search.message(_channel_of(thread), marker)
            return Posted(f"{_channel_of(thread).channel}:{ts}") if ts else None
        place = self._place(thread)
        if place.ts is not None:
            ts = await self._search.message(place, marker)
            is_told = thread.root is not None or thread.address not in self._roots
            return Posted(f"{place.channel}:{ts}", None if is_told else str(place)) if ts else None
        try:
            return await self._find_under(place.channel, thread, marker) or await self._find_under(
                await self._direct(thread), thread, marker
            )
        except RemoteFailure as failure:
            if failure.is_lasting:
                return None
            raise

    async def _find_under(self, channel: str, thread: Thread, marker: str) -> Posted | None:
        root = Place(channel, await self._search.root(channel, thread))
        ts = await self._search.message(root, marker) if root.ts else None
        return Posted(f"{channel}:{ts}", str(root)) if ts else None

    def _place(self, thread: Thread) -> Place:
        channel, tail = thread.address.split(":")[2:4]
        if thread.root is not None:
            opened, _, ts = thread.root.rpartition(":")
            return Place(opened or channel, ts)
        return self._roots.get(thread.address) or Place(channel, None if tail.startswith("slash-") else tail)


def _channel_of(thread: Thread) -> Place:
    return Place(thread.address.split(":")[2], None)


async def _shown(drawn: Drawn, send: Callable[[dict[str, Any]], Awaitable[T]]) -> T:
    """Send with blocks; where Slack does not take them after all, the words alone."""
    try:
        return await send({"text": drawn.text, "blocks": drawn.blocks})
    except SlackFailure as failure:
        if failure.code not in _UNDRAWABLE:
            raise
        return await send({"text": drawn.text, "blocks": []})


async def _plainly(work: Awaitable[T]) -> T:
    try:
        return await work
    except RemoteFailure as failure:
        raise as_chat_error(failure) from None
