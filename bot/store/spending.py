"""The environments that cost something since some moment, with whom they belong to under whichever account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import and_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.datasets import Seeds
from bot.domain.environment import Size
from bot.domain.message import Person, Platform
from bot.domain.spending import Life
from bot.store.people import identity_of
from bot.store.people_tables import accounts
from bot.store.spare_tables import spares
from bot.store.tables import environments

_NOBODY = Person(Platform.CONSOLE, "warm spares", "warm spares")

# Written out, and not bound, so that the partial indices serve.
_IS_LIVE, _IS_PAST = text("environments.state != 'gone'"), text("environments.state = 'gone'")


async def lives(connection: AsyncConnection, projects: frozenset[str], since: float) -> Sequence[Life]:
    """Those of these projects that lived after `since`."""
    columns = environments.c
    lasting = (columns.size, columns.earlier_s, columns.created_at, columns.gone_at, columns.paused_at, columns.paused_s)
    wanted = (columns.project, columns.owner, *lasting, columns.engine, columns.seeds)
    joined = await _joined(connection)
    found = await _of_spares(connection, projects, since)
    for lived in (_IS_LIVE, and_(_IS_PAST, columns.gone_at > since)):
        for row in await connection.execute(select(*wanted).where(lived, columns.project.in_(sorted(projects)))):
            owner = msgspec.convert(row.owner, Person)
            people = joined.get(identity_of(owner), [owner])
            found.append(
                Life(
                    row.project,
                    people[0],
                    frozenset(map(identity_of, people)),
                    Size(row.size),
                    row.created_at,
                    row.gone_at,
                    row.paused_at,
                    row.paused_s,
                    row.earlier_s,
                    row.engine,
                    msgspec.convert(row.seeds, Seeds),
                )
            )
    return found


async def _of_spares(connection: AsyncConnection, projects: frozenset[str], since: float) -> list[Life]:
    """What machines cost while they were nobody's."""
    ended = (spares.c.claimed_at > since) | (spares.c.gone_at > since) | (spares.c.claimed_at.is_(None) & spares.c.gone_at.is_(None))
    query = select(spares).where(spares.c.project.in_(sorted(projects)), ended)
    return [
        Life(row.project, _NOBODY, frozenset(), Size(row.size), row.created_at, row.claimed_at or row.gone_at, None, 0.0, {}, row.engine)
        for row in await connection.execute(query)
    ]


async def _joined(connection: AsyncConnection) -> Mapping[str, list[Person]]:
    """All accounts of a person, by the identity of each; the one that was there first leads."""
    by_person: dict[str, list[Person]] = {}
    for row in await connection.execute(
        select(accounts.c.person_id, accounts.c.person).order_by(accounts.c.joined_at, accounts.c.identity)
    ):
        by_person.setdefault(row.person_id, []).append(msgspec.convert(row.person, Person))
    return {identity_of(each): people for people in by_person.values() for each in people}
