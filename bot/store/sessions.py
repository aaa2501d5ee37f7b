"""Who is signed in, and the links that sign somebody in once. The tables hold hashes: who reads them can open nothing."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import msgspec
from sqlalchemy import delete, insert, select

from bot.domain.message import Person
from bot.store.store import Store
from bot.store.web_tables import sign_in_codes, web_sessions


def new_secret() -> str:
    """256 random bits, fit for a cookie and an address."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class Session:
    person: Person
    method: str
    expires_at: float


class Sessions:
    """Times are in seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def begin(self, person: Person, method: str, lives_s: float, instead_of: str = "") -> str:
        """A new session; returns its secret. The one before of the same browser ends, and so does whatever has run out."""
        secret = new_secret()
        async with self._store.transaction() as transaction:
            now, connection, columns = transaction.now, transaction.connection, web_sessions.c
            await connection.execute(delete(web_sessions).where((columns.expires_at <= now) | (columns.id_hash == hash_of(instead_of))))
            row = {"id_hash": hash_of(secret), "person": msgspec.to_builtins(person), "method": method}
            await connection.execute(insert(web_sessions).values(**row, created_at=now, expires_at=now + lives_s))
        return secret

    async def find(self, secret: str) -> Session | None:
        if not secret:
            return None
        async with self._store.look() as look:
            query = select(web_sessions).where(web_sessions.c.id_hash == hash_of(secret), web_sessions.c.expires_at > look.now)
            row = (await look.connection.execute(query)).first()
            return Session(msgspec.convert(row.person, Person), row.method, row.expires_at) if row else None

    async def end(self, secret: str) -> None:
        async with self._store.transaction() as transaction:
            await transaction.connection.execute(delete(web_sessions).where(web_sessions.c.id_hash == hash_of(secret)))

    # -- links that sign in once -------------------------------------------------------------------

    async def offer(self, person: Person, lives_s: float) -> str:
        """A code that signs `person` in, once, within `lives_s`."""
        code = new_secret()
        async with self._store.transaction() as transaction:
            now = transaction.now
            await transaction.connection.execute(delete(sign_in_codes).where(sign_in_codes.c.expires_at <= now))
            row = {"code_hash": hash_of(code), "person": msgspec.to_builtins(person), "expires_at": now + lives_s}
            await transaction.connection.execute(insert(sign_in_codes).values(row))
        return code

    async def redeem(self, code: str) -> Person | None:
        """Whom the code signs in. It is worth nothing afterwards, also where two come with it at once."""
        async with self._store.transaction() as transaction:
            columns = sign_in_codes.c
            taken = delete(sign_in_codes).where(columns.code_hash == hash_of(code), columns.expires_at > transaction.now)
            person = (await transaction.connection.execute(taken.returning(columns.person))).scalar_one_or_none()
            return msgspec.convert(person, Person) if person else None
