"""API tokens: 256 random bits behind `trl_`, kept as a hash; scoped, expiring, revocable."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from bot.domain.command import Event
from bot.domain.ids import new_id
from bot.domain.message import Person
from bot.store.sessions import hash_of
from bot.store.store import Store
from bot.store.web_tables import api_tokens

PREFIX = "trl_"
_SAY_USED_EACH_S = 60.0


class Scope(StrEnum):
    """What a token may be used for, within what its person may. `read`, `command` and `admin` hold each those before it."""

    READ = "read"
    COMMAND = "command"
    ADMIN = "admin"  # tokens of its person, and all else
    ARTIFACTS = "artifacts"  # to register and list artifacts, for CI: nothing else


_LADDER = (Scope.READ, Scope.COMMAND, Scope.ADMIN)


def within(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """All that these scopes hold."""
    given = frozenset(scopes)
    highest = max((_LADDER.index(scope) for scope in given if scope in _LADDER), default=-1)
    return given | frozenset(_LADDER[: highest + 1]) | (frozenset(Scope) if Scope.ADMIN in given else frozenset())


@dataclass(frozen=True)
class Token:
    id: str
    name: str
    person: Person
    scopes: tuple[Scope, ...]
    created_at: float
    expires_at: float
    last_used_at: float | None
    revoked_at: float | None

    def is_good(self, now: float) -> bool:
        return self.revoked_at is None and now < self.expires_at


def key_of(person: Person) -> str:
    """An account as one word."""
    return f"{person.platform}:{person.id}"[:200]


def _token_of(row: Any) -> Token:
    scopes = tuple(Scope(each) for each in row.scopes)
    person = msgspec.convert(row.person, Person)
    return Token(row.id, row.name, person, scopes, row.created_at, row.expires_at, row.last_used_at, row.revoked_at)


class Tokens:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, person: Person, name: str, scopes: Sequence[Scope], lives_s: float) -> tuple[Token, str]:
        """The token and, this once, what it is shown with."""
        secret = PREFIX + secrets.token_urlsafe(32)
        async with self._store.transaction() as transaction:
            now = transaction.now
            token = Token(new_id(), name, person, tuple(scopes), now, now + lives_s, None, None)
            row: dict[str, Any] = {"id": token.id, "token_hash": hash_of(secret), "name": name, "person_key": key_of(person)}
            row |= {"person": msgspec.to_builtins(person), "scopes": [str(each) for each in scopes]}
            await transaction.connection.execute(insert(api_tokens).values(**row, created_at=now, expires_at=token.expires_at))
            await transaction.note(Event(at=now, kind="token_created", actor=key_of(person), data={"token": token.id, "name": name}))
        return token, secret

    async def find(self, secret: str) -> tuple[Token | None, bool]:
        """The token that is shown with this, and whether it is good now. That it was used is noted, once a minute."""
        hashed = hash_of(secret)
        async with self._store.look() as look:
            row = (await look.connection.execute(select(api_tokens).where(api_tokens.c.token_hash == hashed))).first()
            if row is None or not hmac.compare_digest(row.token_hash.encode(), hashed.encode()):
                return None, False
            token, now = _token_of(row), look.now
        if token.is_good(now) and now - (token.last_used_at or 0) >= _SAY_USED_EACH_S:
            async with self._store.transaction() as transaction:
                used = update(api_tokens).where(api_tokens.c.id == token.id).values(last_used_at=transaction.now)
                await transaction.connection.execute(used)
        return token, token.is_good(now)

    async def of(self, person: Person) -> Sequence[Token]:
        """The newest first, those that are worth nothing any more too."""
        query = select(api_tokens).where(api_tokens.c.person_key == key_of(person)).order_by(api_tokens.c.id.desc()).limit(200)
        async with self._store.look() as look:
            return [_token_of(row) for row in await look.connection.execute(query)]

    async def revoke(self, person: Person, id: str) -> bool:
        """Whether there was such a token of theirs. Again changes nothing."""
        async with self._store.transaction() as transaction:
            columns = api_tokens.c
            theirs = select(columns.revoked_at).where(columns.id == id, columns.person_key == key_of(person))
            row = (await transaction.connection.execute(theirs)).first()
            if row is not None and row.revoked_at is None:
                await transaction.connection.execute(update(api_tokens).where(columns.id == id).values(revoked_at=transaction.now))
                await transaction.note(Event(at=transaction.now, kind="token_revoked", actor=key_of(person), data={"token": id}))
            return row is not None
