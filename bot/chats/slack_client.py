"""Slack's Web API through slack_sdk: one connection pool, a time limit, and what its errors mean."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import meters
from bot.chats.remote import TIMEOUT_S, RemoteFailure, unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_DEADLINE_S = 30
_USUAL_WAIT_S = 30.0
_LONGEST_WAIT_S = 3_600.0
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_LIMITS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_TROUBLE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "method_timeout"})
_TOKEN = frozenset(
    {
        *("not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "no_permission", "org_login_required"),
        *("ekm_access_denied", "not_allowed_token_type", "accesslimited", "access_denied", "two_factor_setup_required"),
    }
)


class SlackFailure(RemoteFailure):
    """`code` is Slack's word for what went wrong, "" when it said none."""

    def __init__(self, code: str, reason: str, *, status: int | None, retry_after_s: float | None = None, is_lasting: bool = False) -> None:
        super().__init__(reason, status=status, retry_after_s=retry_after_s, is_lasting=is_lasting)
        self.code = code


class SlackClient:
    """Asks; every failure comes out as RemoteFailure, those in Slack's own words as SlackFailure."""

    def __init__(self, api_url: str, bot_token: str) -> None:
        # No retry handlers: a second chat.postMessage after a lost answer would be a second message.
        self._web = AsyncWebClient(token=bot_token, base_url=api_url.rstrip("/") + "/", timeout=TIMEOUT_S, retry_handlers=[])
        if urlsplit(api_url).hostname in ("127.0.0.1", "localhost", "::1"):
            self._web.proxy = None  # slack_sdk reads HTTP_PROXY and knows no NO_PROXY
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, question: Callable[[AsyncWebClient], Awaitable[Any]]) -> dict[str, Any]:
        """Call one method and give its answer. Raises RemoteFailure."""
        self._web.session = self.session()
        try:
            async with asyncio.timeout(_DEADLINE_S):
                answer = (await question(self._web)).data
        except SlackApiError as error:
            failure = _explain(error)
            meters.asked("slack", failure.status)
            raise failure from None
        except Exception as error:  # noqa: BLE001 - slack_sdk trips over odd answers in its own ways
            meters.asked("slack", None)
            raise unreachable("Slack", error) from None
        meters.answered("slack")
        if not isinstance(answer, dict):
            raise RemoteFailure("Slack's answer could not be read")
        return answer

    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession()
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _explain(error: SlackApiError) -> RemoteFailure:
    response: Any = error.response
    data = getattr(response, "data", None)
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    code = data.get("error", "") if isinstance(data, dict) else ""
    code = code if isinstance(code, str) else ""
    needed = f": it needs {data['needed']}" if isinstance(data, dict) and data.get("needed") else ""
    return judge(code, status, getattr(response, "headers", None) or {}, needed)


def judge(code: str, status: int | None, headers: Any, needed: str = "") -> SlackFailure:
    """What an error means: wait, look to the token, or never."""
    if status == 429 or code in _LIMITS:
        return SlackFailure(code, f"Slack asks us to wait ({code or status})", status=status, retry_after_s=_wait_s(headers))
    if code in _TOKEN:
        return SlackFailure(code, f"Slack does not accept the bot's token ({code})", status=status, retry_after_s=_USUAL_WAIT_S)
    if code == "missing_scope":
        return SlackFailure(code, f"the bot's token lacks a scope{needed}", status=status, retry_after_s=_USUAL_WAIT_S)
    is_trouble = code in _TROUBLE or not code or (status or 0) >= 500
    return SlackFailure(code, f"Slack answered {code or status}", status=status, is_lasting=not is_trouble)


def _wait_s(headers: Any) -> float:
    asked = next((str(value) for name, value in dict(headers).items() if name.lower() == "retry-after"), "")
    return min(float(asked), _LONGEST_WAIT_S) if asked.isascii() and asked.isdigit() and int(asked) else _USUAL_WAIT_S
