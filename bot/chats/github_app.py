"""A GitHub App's credentials: its key signs who it is, and GitHub gives a token of an hour for each installation.

docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app. Neither our clock nor GitHub's is trusted to be the
other: a token is used for some time after it was given, and what is signed bears GitHub's time where ours is far from it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec
from github import Auth

from bot.chats.github_client import PLATFORM, connected, said_in
from bot.chats.remote import RemoteFailure, judge, unreachable
from bot.chats.wire import Wire
from bot.redaction import KNOWN

T = TypeVar("T")

_GOOD_S = 45 * 60.0  # of the hour that a token lives: git may need a quarter of one to fetch
_FAILED_S = 5.0  # so long a failure is everybody's who asks for the same
_SIGNED_S, _EARLIER_S = 300, 60
_SKEW_S = 30.0


class BadKey(Exception):  # noqa: N818
    """The text is no private key."""


class Installation(Wire):
    """Where an App may work, and what it may do there."""

    id: int
    html_url: str = ""
    permissions: dict[str, str] = msgspec.field(default_factory=dict)
    suspended_at: str | None = None


class App(Wire):
    id: int
    slug: str
    html_url: str = ""
    events: tuple[str, ...] = ()


class _Given(Wire):
    token: str


@dataclass(frozen=True)
class _Kept:
    token: str
    until: float


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    text: str


class _Signed(Auth.JWT):
    """Who the App is, signed anew for each request."""

    def __init__(self, sign: Callable[[], str]) -> None:
        self._sign = sign

    @property
    def token(self) -> str:
        return self._sign()


class AppAccess:
    """`clock` counts seconds from any beginning; `now` is this machine's idea of the time. Raises BadKey."""

    def __init__(
        self,
        api_url: str,
        app_id: str,
        key: str,
        installation_id: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self._app_id = app_id
        self._installation_id = installation_id
        self._clock, self._now = clock, now
        self._skew_s = 0.0
        self._sign_claims = Auth.AppAuth.create_jwt_sign(key, "RS256")
        try:
            self._sign()
        except Exception as error:  # noqa: BLE001 - the library has errors of its own, and those of cryptography
            raise BadKey(f"it cannot be read as a private key: {error}"[:200]) from None
        self._client = connected(self.api_url, _Signed(self._sign))
        self._lock = threading.RLock()  # PyGithub's clients are not for several threads at once
        self._app: App | None = None
        self._installations: dict[str, int] = {}
        self._tokens: dict[str, _Kept] = {}
        self._failed: dict[str, tuple[float, RemoteFailure]] = {}

    def token(self, path: str) -> str:
        if kept := self._kept(path):
            return kept
        with self._lock:
            if kept := self._kept(path):  # somebody else was given it meanwhile
                return kept
            until, failure = self._failed.get(path, (0.0, None))
            if failure is not None and self._clock() < until:
                raise failure
            try:
                given = self._given(path)
            except RemoteFailure as error:
                self._failed[path] = (self._clock() + _FAILED_S, error)
                raise
            self._tokens[self._name(path)] = _Kept(given, self._clock() + _GOOD_S)
            return given

    def is_renewable(self, path: str, token: str) -> bool:
        with self._lock:
            kept = self._tokens.get(self._name(path))
            if kept and kept.token == token:
                del self._tokens[self._name(path)]
        return True

    def slug(self) -> str:
        return self.app().slug

    def signed(self, *, was_refused: bool = False) -> str:
        with self._lock:
            if was_refused:  # what time is it at GitHub's?
                self._ask("GET", "/app")
            return self._sign()

    def app(self) -> App:
        """What GitHub knows of the App."""
        with self._lock:
            if self._app is None:
                self._app = self._read(self._ask("GET", "/app"), App)
            return self._app

    def installation(self, path: str) -> Installation:
        """The one that holds a repository, asked anew. Raises RemoteFailure when there is none."""
        with self._lock:
            return self._read(self._ask("GET", f"/repos/{path}/installation"), Installation, path)

    # -- how a token is come by --------------------------------------------------------------------

    def _name(self, path: str) -> str:
        """An App is installed once for an owner."""
        return "" if self._installation_id else path.partition("/")[0].lower()

    def _kept(self, path: str) -> str | None:
        kept = self._tokens.get(self._name(path))
        return kept.token if kept and self._clock() < kept.until else None

    def _given(self, path: str) -> str:
        name = self._name(path)
        known = self._installation_id or self._installations.get(name)
        number = known or self.installation(path).id
        answer = self._ask("POST", f"/app/installations/{number}/access_tokens")
        if answer.status == 404 and known and not self._installation_id:  # it was taken away and installed again
            number = self.installation(path).id
            answer = self._ask("POST", f"/app/installations/{number}/access_tokens")
        self._installations[name] = number
        token = self._read(answer, _Given, path).token
        KNOWN.learn_for_now(token)
        return token

    def _ask(self, verb: str, path: str) -> _Answer:
        """Ask as the App. When it is not believed and our clocks differ, once more with GitHub's time."""
        answer = self._request(verb, path)
        if answer.status == 401 and self._has_learnt(answer.headers):
            answer = self._request(verb, path)
        return answer

    def _request(self, verb: str, path: str) -> _Answer:
        try:
            return _Answer(*self._client.requester.requestJson(verb, path))
        except Exception as error:
            raise unreachable(PLATFORM, error) from error

    def _has_learnt(self, headers: Mapping[str, str]) -> bool:
        """Whether GitHub's clock shows another time than we thought."""
        try:
            skew_s = parsedate_to_datetime(headers.get("date", "")).timestamp() - self._now()
        except (ValueError, TypeError):
            return False
        is_other = abs(skew_s - self._skew_s) > _SKEW_S
        self._skew_s = skew_s
        return is_other

    def _sign(self) -> str:
        now = int(self._now() + self._skew_s)
        signed = self._sign_claims({"iat": now - _EARLIER_S, "exp": now + _SIGNED_S, "iss": self._app_id})
        return signed.decode() if isinstance(signed, bytes) else signed

    def _read(self, answer: _Answer, shape: type[T], path: str = "") -> T:
        if not 200 <= answer.status < 300:
            raise self._failure(answer, path)
        try:
            return msgspec.json.decode(answer.text, type=shape)
        except (msgspec.MsgspecError, ValueError) as error:
            raise unreachable(PLATFORM, error) from error

    def _failure(self, answer: _Answer, path: str) -> RemoteFailure:
        """None of them is for ever: whoever installs the App, or mends its key, need not start anything anew."""
        words = str(said_in(answer.text))[:200]
        judged = judge(PLATFORM, answer.status, answer.headers, words, self._now())
        if not judged.is_lasting and answer.status != 401:
            return judged
        if answer.status == 401 or "integration" in words.lower():
            reason = f"GitHub does not know App {self._app_id} by this key: check app_id and private_key ({words})"
            return RemoteFailure(reason, status=401, retry_after_s=judged.retry_after_s)
        if answer.status == 404:
            return RemoteFailure(f"the GitHub App is not installed where {path} is: install it there")
        return RemoteFailure(f"the GitHub App gets no token for {path}: {words}")
