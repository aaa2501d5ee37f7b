"""What the central Traefik is told of: the live environments, and whether anything happened since somebody looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.environment import State
from bot.store.tables import environments, events

_WINDOW = 64  # transactions may commit in another order than they took their numbers


@dataclass(frozen=True)
class Routed:
    """One live environment, as far as its host names go."""

    id: str
    slug: str
    state: State
    urls: tuple[str, ...]
    upstream: str


Happened = tuple[int, int]
"""The newest event and how many there are just before it: another pair whenever anything happened."""


async def happened(connection: AsyncConnection) -> Happened:
    newest = (await connection.execute(select(func.coalesce(func.max(events.c.id), 0)))).scalar_one()
    near = select(func.count()).select_from(events).where(events.c.id > newest - _WINDOW)
    return int(newest), int((await connection.execute(near)).scalar_one())


async def routed(connection: AsyncConnection) -> Sequence[Routed]:
    columns = environments.c
    wanted = (columns.id, columns.slug, columns.state, columns.addresses, columns.upstream)
    rows = (await connection.execute(select(*wanted).where(text("environments.state != 'gone'")).order_by(columns.slug))).all()
    return [Routed(row.id, row.slug, State(row.state), tuple(each["url"] for each in row.addresses), row.upstream) for row in rows]
