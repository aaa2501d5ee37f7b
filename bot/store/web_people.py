"""People who signed in with a provider, and round trips to it that have begun."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.sessions import hash_of
from bot.store.store import Store
from bot.store.web_tables import sign_in_states, web_people


@dataclass(frozen=True)
class WebPerson:
    id: str
    issuer: str
    subject: str
    name: str
    email: str
    role: str


class WebPeople:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def signed_in(self, person: WebPerson) -> None:
        """Remember what the provider says now."""
        on_conflict = sqlite.insert if self._store.database.is_sqlite else postgresql.insert
        async with self._store.transaction() as transaction:
            changed = {"name": person.name, "email": person.email, "role": person.role, "signed_in_at": transaction.now}
            row = {"id": person.id, "issuer": person.issuer, "subject": person.subject, **changed}
            statement = on_conflict(web_people).values(row).on_conflict_do_update(index_elements=["id"], set_=changed)
            await transaction.connection.execute(statement)

    async def set_out(self, state: str, browser: str, provider: str, return_to: str, lives_s: float) -> None:
        async with self._store.transaction() as transaction:
            now = transaction.now
            await transaction.connection.execute(delete(sign_in_states).where(sign_in_states.c.expires_at <= now))
            row = {"state_hash": hash_of(state), "browser_hash": hash_of(browser), "provider": provider, "return_to": return_to}
            await transaction.connection.execute(insert(sign_in_states).values(**row, expires_at=now + lives_s))

    async def came_back(self, state: str, browser: str, provider: str) -> str | None:
        """Where to go on, when this browser set out with that state; it is worth nothing afterwards, whoever showed it."""
        columns = sign_in_states.c
        async with self._store.transaction() as transaction:
            taken = delete(sign_in_states).where(columns.state_hash == hash_of(state))
            found = (await transaction.connection.execute(taken.returning(*columns))).first()
            if found is None or found.expires_at <= transaction.now:
                return None
            is_theirs = found.browser_hash == hash_of(browser) and found.provider == provider
            return str(found.return_to) if is_theirs else None
