"""Who calls the API: an API token, a signed-in browser, or the owner of this machine's data folder. Denied attempts are kept."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from bot.domain.command import Event
from bot.domain.message import Person
from bot.store.sessions import hash_of
from bot.store.store import Store
from bot.store.tokens import PREFIX, Scope, Token, Tokens, key_of, within
from bot.web.api.pace import Buckets, Pace
from bot.web.console import person_called
from bot.web.problem import Problem
from bot.web.session import NotSignedIn, visitor
from bot.web.site import is_from_this_machine

log = structlog.get_logger()

AS_HEADER = "trellis-as"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_STRANGERS = "strangers"

bearer = HTTPBearer(auto_error=False, description="An API token (`trellis token create`)")


@dataclass(frozen=True)
class Caller:
    """`via`: session, this machine, or the id of a token. `csrf` is a session's own."""

    person: Person
    scopes: frozenset[Scope]
    via: str
    csrf: str = ""


class Callers:
    """Kept in `app.state.callers`."""

    def __init__(self, store: Store, tokens: Tokens, console_token: str, buckets: Buckets | None = None) -> None:
        self._store = store
        self._tokens = tokens
        self._console_token = console_token
        self._buckets = buckets or Buckets(Pace())
        self._audit = Buckets(Pace(burst=30, each_s=0.5))  # whoever guesses tokens must not fill the tables

    async def who(self, request: Request) -> Caller:
        """Raises NotSignedIn, or Problem when what was shown is not good."""
        shown = request.headers.get("authorization")
        caller = await self._by_session(request) if shown is None else await self._by_token(request, shown)
        self._pace(f"{key_of(caller.person)} {caller.via}")
        return caller

    async def environment(self, request: Request, slug: str) -> str:
        """The id of the environment of that name whose own key is shown. Raises Problem for any other."""
        _, _, secret = request.headers.get("authorization", "").partition(" ")
        async with self._store.look() as look:
            id_ = await look.trading.opens(hash_of(secret.strip()))
            found = await look.environments.get(id_) if id_ else None
        if found is None or found.slug != slug.lower():
            await self.deny(request, None, "bad_token")
            raise AssertionError  # deny raises
        self._pace(f"environment {found.id}")
        return found.id

    def _pace(self, who: str) -> None:
        if wait_s := self._buckets.wait_s(who):
            raise Problem(429, "rate_limited", "That was too much at once: slow down.", {"Retry-After": str(wait_s)})

    async def _by_session(self, request: Request) -> Caller:
        found = await visitor(request)
        if found is None:
            raise NotSignedIn
        return Caller(found.person, within(Scope), "session", found.csrf)

    async def _by_token(self, request: Request, shown: str) -> Caller:
        scheme, _, secret = shown.partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            await self.deny(request, None, "bad_token")
        if not secret.startswith(PREFIX):
            return await self._of_this_machine(request, secret)
        token, is_good = await self._tokens.find(secret)
        if token is None or not is_good:
            await self.deny(request, token, "bad_token")
            raise AssertionError  # deny raises
        return Caller(token.person, within(token.scopes), token.id)

    async def _of_this_machine(self, request: Request, secret: str) -> Caller:
        name = request.headers.get(AS_HEADER, "")
        if not is_from_this_machine(request) or not hmac.compare_digest(secret.encode(), self._console_token.encode()):
            await self.deny(request, None, "bad_token")
        if not _NAME.fullmatch(name):
            raise Problem(401, "which_person", "Say in whose name: the header Trellis-As.")
        return Caller(person_called(name), within(Scope), "this machine")

    async def deny(self, request: Request, who: Token | Caller | None, code: str) -> None:
        """Keep that it was tried; raises the Problem that says so."""
        what = f"{request.method} {request.url.path}"[:200]
        actor = key_of(who.person) if who else _STRANGERS
        token = who.id if isinstance(who, Token) else who.via if who else ""
        client = request.client.host if request.client else ""
        log.warning("api_denied", code=code, what=what, actor=actor, token=token, client=client)
        if not self._audit.wait_s(actor):
            async with self._store.transaction() as transaction:
                data: dict[str, str | int | float | bool | None] = {"words": f"api {what}", "code": code, "token": token, "client": client}
                await transaction.note(Event(at=transaction.now, kind="refused", actor=actor, data=data))
        if code == "bad_token":
            words = "This token is not known here, has expired or was revoked."
            raise Problem(401, code, words, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        raise Problem(403, code, "This token may not be used for that: its scopes are too small.")


def needs(*scopes: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: a caller with one of these scopes."""

    async def caller(request: Request, _: Annotated[object, Security(bearer)]) -> Caller:
        callers: Callers = request.app.state.callers
        found = await callers.who(request)
        if found.scopes.isdisjoint(scopes):
            await callers.deny(request, found, "scope_missing")
        return found

    return caller


Reader = Annotated[Caller, Depends(needs(Scope.READ))]
Commander = Annotated[Caller, Depends(needs(Scope.COMMAND))]
Builder = Annotated[Caller, Depends(needs(Scope.ARTIFACTS))]
ArtifactReader = Annotated[Caller, Depends(needs(Scope.READ, Scope.ARTIFACTS))]
Administrator = Annotated[Caller, Depends(needs(Scope.ADMIN))]


async def _keyed(slug: str, request: Request, _: Annotated[object, Security(bearer)]) -> str:
    callers: Callers = request.app.state.callers
    return await callers.environment(request, slug)


Keyed = Annotated[str, Depends(_keyed)]
"""The id of a trading environment, of whoever shows its own key (`TRADING_KEY`)."""
