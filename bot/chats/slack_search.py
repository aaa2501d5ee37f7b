"""Looking for our own messages in Slack by their marker, where the bot's scopes allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.chats.slack_client import SlackClient, SlackFailure
from bot.chats.wire import digest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.domain.message import Person, Thread

# Words for a place that the bot may not read: then nobody can tell whether the message is there.
_UNREADABLE = frozenset(
    {
        *("not_in_channel", "channel_not_found", "restricted_action", "is_archived", "missing_scope"),
        *("thread_not_found", "message_not_found", "method_not_supported_for_channel_type"),
    }
)
_PAGES, _PAGE = 5, 200


@dataclass(frozen=True)
class Place:
    """`ts` is the thread's root; None while a slash command's has not been opened."""

    channel: str
    ts: str | None

    def __str__(self) -> str:
        return f"{self.channel}:{self.ts}"


def metadata(marker: str) -> dict[str, Any]:
    """Build the metadata that a message of ours carries."""
    return {"event_type": "trellis", "event_payload": {"marker": marker}}


def opening_marker(thread: Thread) -> str:
    """Name the message that was opened for `thread` to hang on."""
    return f"open:{digest(thread.address)}"


class Search:
    """Looks at one place: the replies of a thread, oldest first, or a channel's newest messages."""

    def __init__(self, client: SlackClient, me: Callable[[], Awaitable[Person]]) -> None:
        self._client = client
        self._me = me

    async def root(self, channel: str, thread: Thread) -> str | None:
        return await self.message(Place(channel, None), opening_marker(thread), pages=1)

    async def message(self, place: Place, marker: str, pages: int = _PAGES) -> str | None:
        """Give the ts of our own message that bears `marker`; None when it is not there or cannot be looked for."""
        mine = (await self._me()).id
        cursor: str | None = None
        for _ in range(pages):
            try:
                page = await self._page(place, cursor)
            except SlackFailure as failure:
                if failure.code in _UNREADABLE:
                    return None
                raise
            for each in page.get("messages") or ():
                if each.get("user") == mine and _bears(each, marker):  # anybody may have copied a marker
                    return str(each["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
        return None

    async def _page(self, place: Place, cursor: str | None) -> dict[str, Any]:
        how: dict[str, Any] = {"channel": place.channel, "include_all_metadata": True, "limit": _PAGE, "cursor": cursor}
        ts = place.ts
        if ts is None:
            return await self._client.ask(lambda web: web.conversations_history(**how))
        return await self._client.ask(lambda web: web.conversations_replies(ts=ts, **how))


def _bears(message: dict[str, Any], marker: str) -> bool:
    """Whether a message is marked so: in its metadata, or in its first block where the scope for those is missing."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    first: dict[str, Any] = next(iter(message.get("blocks") or ()), {})
    return payload.get("marker") == marker or first.get("block_id") == f"trellis:{marker}"
