"""Which accounts are one person, and the codes by which they become it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import new_id
from bot.domain.message import Person, Thread
from bot.store.people_tables import accounts, link_codes, link_tries

HOUR_S = 3600.0


def identity_of(person: Person) -> str:
    return f"{person.platform}:{person.id}"


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


@dataclass(frozen=True)
class Claim:
    """A code that was given out: who asked for it where, and who said it elsewhere."""

    code_hash: str
    first: Person
    first_thread: Thread
    second: Person | None


class PeopleRows:
    """What is asked of these tables inside one transaction."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection = connection
        self._now = now

    # -- who is who ------------------------------------------------------------------------------

    async def accounts_of(self, person: Person) -> Sequence[Person]:
        """All accounts of the same person, this one first."""
        own = select(accounts.c.person_id).where(accounts.c.identity == identity_of(person)).scalar_subquery()
        rows = await self._connection.execute(select(accounts.c.person).where(accounts.c.person_id == own).order_by(accounts.c.joined_at))
        found = [msgspec.convert(each, Person) for each in rows.scalars()]
        return [person, *(each for each in found if identity_of(each) != identity_of(person))]

    async def identities(self, person: Person) -> frozenset[str]:
        return frozenset(identity_of(each) for each in await self.accounts_of(person))

    async def same_person(self, one: Person, other: Person) -> bool:
        """Whether two accounts are one person: the same account, or joined ones."""
        return identity_of(other) in await self.identities(one)

    async def join(self, one: Person, other: Person) -> None:
        """From now on they are one person, with everything that either was joined with."""
        everybody = {identity_of(each): each for side in (one, other) for each in await self.accounts_of(side)}
        person_id = new_id()
        await self._connection.execute(delete(accounts).where(accounts.c.identity.in_(everybody)))
        rows = [
            {"identity": key, "person_id": person_id, "person": msgspec.to_builtins(each), "joined_at": self._now}
            for key, each in everybody.items()
        ]
        await self._connection.execute(insert(accounts), rows)

    async def part(self, person: Person) -> None:
        """This account is on its own again; a last one that is left alone too."""
        others = [each for each in await self.accounts_of(person) if identity_of(each) != identity_of(person)]
        alone = [person, *(others if len(others) == 1 else [])]
        await self._connection.execute(delete(accounts).where(accounts.c.identity.in_([identity_of(each) for each in alone])))

    # -- codes -----------------------------------------------------------------------------------

    async def tries(self, person: Person, kind: str) -> int:
        """How many within the last hour."""
        mine = (link_tries.c.identity == identity_of(person), link_tries.c.kind == kind, link_tries.c.at > self._now - HOUR_S)
        return int((await self._connection.execute(select(func.count()).select_from(link_tries).where(*mine))).scalar_one())

    async def tried(self, person: Person, kind: str) -> None:
        await self._connection.execute(delete(link_tries).where(link_tries.c.at <= self._now - HOUR_S))
        await self._connection.execute(insert(link_tries).values(identity=identity_of(person), kind=kind, at=self._now))

    async def give_code(self, code: str, person: Person, thread: Thread, seconds: float) -> None:
        """A new code for an account; an earlier one of it is void."""
        gone = (link_codes.c.expires_at <= self._now) | (link_codes.c.first_identity == identity_of(person))
        await self._connection.execute(delete(link_codes).where(gone))
        row = {"first_identity": identity_of(person), "first": msgspec.to_builtins(person), "first_thread": msgspec.to_builtins(thread)}
        await self._connection.execute(insert(link_codes).values(**row, code_hash=_hash(code), expires_at=self._now + seconds))

    async def unclaimed(self, code: str) -> Claim | None:
        """Who asked for this code, while it is good and nobody has said it."""
        here = (link_codes.c.code_hash == _hash(code), link_codes.c.second_identity.is_(None), link_codes.c.expires_at > self._now)
        row = (await self._connection.execute(select(link_codes).where(*here).with_for_update())).first()
        return _claim(row) if row else None

    async def claim(self, claim: Claim, second: Person) -> None:
        """Somebody said the code. It cannot be said again."""
        values = {"second_identity": identity_of(second), "second": msgspec.to_builtins(second)}
        await self._connection.execute(update(link_codes).where(link_codes.c.code_hash == claim.code_hash).values(values))

    async def claimed_of(self, first: Person) -> Claim | None:
        """The code of this account that somebody said and that it has not confirmed."""
        theirs = (link_codes.c.first_identity == identity_of(first), link_codes.c.second_identity.is_not(None))
        row = (
            await self._connection.execute(select(link_codes).where(*theirs, link_codes.c.expires_at > self._now).with_for_update())
        ).first()
        return _claim(row) if row else None

    async def end(self, claim: Claim) -> None:
        await self._connection.execute(delete(link_codes).where(link_codes.c.code_hash == claim.code_hash))


def _claim(row: Row[tuple[object, ...]]) -> Claim:
    second = msgspec.convert(row.second, Person) if row.second else None
    return Claim(row.code_hash, msgspec.convert(row.first, Person), msgspec.convert(row.first_thread, Thread), second)
