"""Asking a platform through its blocking client library: off the event loop, within a time, failures as values to judge."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from bot import meters
from bot.chats.chat import ChatRefused, ChatUnavailable
from bot.context_ports import ForgeUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Client = TypeVar("Client")
Answer = TypeVar("Answer")

TIMEOUT_S = 10  # of one read or connect; a message that did not go is looked for and sent again
_DEADLINE_S = 30  # of a whole question, however slowly the answer drips
_THREADS = 4
_LONGEST_WAIT_S = 3600.0
_USUAL_WAIT_S = 60.0  # what GitHub asks for where it does not say; GitLab counts by the minute
_LIMIT_WORDS = ("rate limit", "abuse", "retry your request again later", "wait a few minutes", "retry later")


class RemoteFailure(Exception):  # noqa: N818
    """The platform did not do what was asked. `is_lasting`: asking again will not change that."""

    def __init__(self, reason: str, *, status: int | None = None, retry_after_s: float | None = None, is_lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after_s = retry_after_s
        self.is_lasting = is_lasting


class Remote(Generic[Client]):
    """A few threads, each with a client of its own: its connection stays open, and no client is shared.

    `explain` turns whatever the library raises into a RemoteFailure.
    """

    def __init__(self, name: str, connect: Callable[[], Client], explain: Callable[[Exception], RemoteFailure]) -> None:
        self._connect = connect
        self._explain = explain
        self._name = name
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix=name)
        self._own = threading.local()

    async def ask(self, question: Callable[[Client], Answer]) -> Answer:
        """Run `question` with a client. Raises RemoteFailure."""
        work = asyncio.get_running_loop().run_in_executor(self._pool, self._ask, question)
        try:
            async with asyncio.timeout(_DEADLINE_S):
                answer = await work
        except TimeoutError:
            meters.asked(self._name, None)
            raise RemoteFailure(f"{self._name} did not answer within {_DEADLINE_S} s") from None
        except RemoteFailure as failure:
            meters.asked(self._name, failure.status)
            raise
        meters.answered(self._name)
        return answer

    def _ask(self, question: Callable[[Client], Answer]) -> Answer:
        try:
            if not hasattr(self._own, "client"):
                self._own.client = self._connect()
            return question(self._own.client)
        except RemoteFailure:
            raise
        except Exception as error:
            # The libraries raise whatever an odd answer makes them trip over, AttributeError and RecursionError included.
            raise self._explain(error) from error

    def close(self) -> None:
        """Let go of the threads; questions under way end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def judge(platform: str, status: int, headers: Mapping[str, str], message: object, now: float) -> RemoteFailure:
    """What an answer that is not a success means. `headers` with lower-case names; `now` in seconds since the epoch.

    Rules: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api, docs.gitlab.com/security/rate_limits.
    """
    words = " ".join(str(message).split())[:200]
    if _is_limit(status, headers, words.lower()):
        return RemoteFailure(f"{platform} asks us to wait ({status})", status=status, retry_after_s=_wait_s(headers, now))
    if status == 401:
        return RemoteFailure(f"{platform} does not accept the bot's token (401)", status=status, retry_after_s=_USUAL_WAIT_S)
    if status in (408, 409, 423, 425) or not 400 <= status < 500:
        wait_s = _wait_s(headers, now) if "retry-after" in headers else None
        hint = ", as for what has moved: check the address and the project's path" if 300 <= status < 400 else ""
        return RemoteFailure(f"{platform} answered {status}{hint}", status=status, retry_after_s=wait_s)
    return RemoteFailure(f"{platform} answered {status}: {words}", status=status, is_lasting=True)


def _is_limit(status: int, headers: Mapping[str, str], words: str) -> bool:
    if status == 429:
        return True
    is_told = "retry-after" in headers or "gh-limited-by" in headers or headers.get("x-ratelimit-remaining") == "0"
    return status == 403 and (is_told or any(each in words for each in _LIMIT_WORDS))


def _wait_s(headers: Mapping[str, str], now: float) -> float:
    """Seconds to wait, as they are asked for, else until the limit is reset, else as long as is usual."""
    asked = headers.get("retry-after", "").strip()
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    is_reset_meant = headers.get("x-ratelimit-remaining", "0") == "0" and reset.isascii() and reset.isdecimal()
    try:
        if asked:
            wait_s = float(asked) if asked.isdecimal() else parsedate_to_datetime(asked).timestamp() - now
            return min(max(wait_s, 1.0), _LONGEST_WAIT_S)
    except (ValueError, TypeError, OverflowError):
        return _USUAL_WAIT_S
    wait_s = float(reset) - now if is_reset_meant else 0.0
    return min(wait_s, _LONGEST_WAIT_S) if wait_s > 0 else _USUAL_WAIT_S


def unreachable(platform: str, error: Exception) -> RemoteFailure:
    """No answer, or none that could be read."""
    return RemoteFailure(f"{platform} could not be asked: {type(error).__name__}")


def as_forge_error(failure: RemoteFailure) -> ForgeUnavailable:
    """A token that is not accepted is no limit: nobody need wait for it."""
    return ForgeUnavailable(failure.reason, failure.retry_after_s if failure.status != 401 else None)


def as_chat_error(failure: RemoteFailure) -> ChatUnavailable | ChatRefused:
    return ChatRefused(failure.reason) if failure.is_lasting else ChatUnavailable(failure.reason, failure.retry_after_s)
