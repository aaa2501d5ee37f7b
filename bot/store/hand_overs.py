"""Tickets with which the dashboard hands a visitor over to an environment's host name: each is worth something once."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, insert

from bot.domain.message import Person
from bot.store.sessions import hash_of
from bot.store.store import Store
from bot.store.web_tables import sign_in_codes

_KIND = "hand-over\0"  # no ticket is a code that signs in to the dashboard, and none of those is a ticket


class HandOvers:
    """Beside the codes that sign in once, under hashes of another kind."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def offer(self, ticket: str, person: Person, lives_s: float) -> None:
        async with self._store.transaction() as transaction:
            now, connection = transaction.now, transaction.connection
            await connection.execute(delete(sign_in_codes).where(sign_in_codes.c.expires_at <= now))
            row = {"code_hash": hash_of(_KIND + ticket), "person": msgspec.to_builtins(person), "expires_at": now + lives_s}
            await connection.execute(insert(sign_in_codes).values(row))

    async def redeem(self, ticket: str) -> bool:
        """Whether it was offered and is still worth something; it is not afterwards, also where two come with it at once."""
        async with self._store.transaction() as transaction:
            columns = sign_in_codes.c
            taken = delete(sign_in_codes).where(columns.code_hash == hash_of(_KIND + ticket), columns.expires_at > transaction.now)
            return (await transaction.connection.execute(taken.returning(columns.code_hash))).first() is not None
