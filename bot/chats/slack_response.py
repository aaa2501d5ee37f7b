"""`response_url`: the one address that Slack hands us in a request. Pinned to its host, used sparingly, never followed elsewhere."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from bot.chats.remote import TIMEOUT_S, RemoteFailure, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.rendering.blocks import Drawn

RESPONSE_HOSTS = frozenset({"hooks.slack.com"})

# https://docs.slack.dev/interactivity/handling-user-interaction#message_responses: five times within 30 minutes.
_MOST_USES, _LIFE_S, _REMEMBERED = 5, 1_800.0, 1_000
_PLAIN = re.compile(r"https?://[A-Za-z0-9.:-]+/[!-~]{0,2000}")


def pinned(url: str, hosts: frozenset[str] = RESPONSE_HOSTS) -> str | None:
    """`url` when it is https on port 443 of a host in `hosts`, else None.

    An entry of `hosts` may also be a whole origin (`http://127.0.0.1:4701`), for a stand-in.
    """
    if not _PLAIN.fullmatch(url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if "@" in parts.netloc or parts.fragment:
        return None
    if f"{parts.scheme}://{parts.netloc}" in hosts:
        return url
    is_plain = parts.scheme == "https" and port in (None, 443) and not parts.netloc.endswith(":")
    return url if is_plain and parts.hostname in hosts else None


class Responses:
    """Sends answers to response URLs and counts them; the count is forgotten at a restart, and Slack then says so itself."""

    def __init__(self, hosts: frozenset[str], session: Callable[[], aiohttp.ClientSession], clock: Callable[[], float]) -> None:
        self._hosts = hosts
        self._session = session
        self._clock = clock
        self._uses: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def send(self, url: str | None, drawn: Drawn) -> bool:
        """Answer where only the asker sees it. False: this address will not take it (any more). Raises RemoteFailure."""
        if url is None or pinned(url, self._hosts) is None or not self._spend(url):
            return False
        body = {"response_type": "ephemeral", "replace_original": False, "text": drawn.text, "blocks": drawn.blocks}
        try:
            async with self._session().post(
                url, json=body, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
            ) as response:
                return self._judge(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable("Slack", error) from None

    def _judge(self, response: aiohttp.ClientResponse) -> bool:
        if response.status == 429 or response.status >= 500:
            raise RemoteFailure(f"Slack answered {response.status}", status=response.status)
        return response.status == 200

    def _spend(self, url: str) -> bool:
        now = self._clock()
        count, since = self._uses.get(url, (0, now))
        self._uses[url] = (count + 1, since)
        while len(self._uses) > _REMEMBERED:
            self._uses.popitem(last=False)
        return count < _MOST_USES and now - since < _LIFE_S
