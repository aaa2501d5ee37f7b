"""Strays as rows, and of environments, spares and builders what machines are held against."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.bake import BakeState
from bot.domain.environment import State
from bot.domain.spares import SpareState
from bot.domain.strays import Kind, Look, Stray
from bot.store.bake_tables import bakes
from bot.store.rows import struct_of
from bot.store.spare_tables import spares
from bot.store.stray_tables import stray_looks, strays
from bot.store.tables import environments

_LAST = "last"
_AT_ONCE = 500  # SQLite takes some thousands of values in one statement, PostgreSQL more
_IS_LIVE = environments.c.state != State.GONE
_IS_BAKING = bakes.c.state == BakeState.BAKING


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One environment, spare or builder, as far as it matters. `state` of the latter two that are not gone is ""."""

    id: str
    slug: str
    project: str
    state: str
    ref: str = ""
    is_own: bool = True  # of the project, no fork's
    is_kept: bool = False
    is_wanted: bool = True
    is_settled: bool = True
    engine: str = ""

    @property
    def is_live(self) -> bool:
        return self.state != State.GONE


class StrayRows:
    """What is asked of the tables inside one transaction."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection, self._now = connection, now

    async def held(self, besides: Collection[str]) -> Mapping[str, Held]:
        """Everything that is live, and of `besides` what there is a row of; by id."""
        live = [*await self._spares(spares.c.state != SpareState.GONE), *await self._bakes(_IS_BAKING), *await self._of(_IS_LIVE)]
        found = {each.id: each for each in live}
        more = sorted(set(besides) - found.keys())
        for start in range(0, len(more), _AT_ONCE):
            ids = more[start : start + _AT_ONCE]
            known = [*await self._spares(spares.c.id.in_(ids)), *await self._bakes(bakes.c.id.in_(ids))]
            for each in [*known, *await self._of(environments.c.id.in_(ids))]:
                found[each.id] = each
        return found

    async def one(self, id: str) -> Held | None:
        return (await self.held([id])).get(id)

    async def _of(self, condition: ColumnElement[bool]) -> Sequence[Held]:
        c = environments.c
        columns = (c.id, c.slug, c.project, c.state, c.ref, c.is_fork, c.is_kept, c.is_wanted, c.settled_generation, c.generation, c.engine)
        rows = await self._connection.execute(select(*columns).where(condition))
        return [
            Held(
                id=row.id,
                slug=row.slug,
                project=row.project,
                state=row.state,
                ref=row.ref,
                is_own=not row.is_fork,
                is_kept=row.is_kept,
                is_wanted=row.is_wanted,
                is_settled=row.settled_generation >= row.generation,
                engine=row.engine,
            )
            for row in rows
        ]

    async def _spares(self, condition: ColumnElement[bool]) -> Sequence[Held]:
        """One that was claimed has a row among the environments, unless that is of a database from before."""
        c = spares.c
        rows = await self._connection.execute(select(c.id, c.project, c.state).where(condition, c.state != SpareState.CLAIMED))
        return [Held(id=row.id, slug="", project=row.project, state=State.GONE if row.state == SpareState.GONE else "") for row in rows]

    async def _bakes(self, condition: ColumnElement[bool]) -> Sequence[Held]:
        """Their builders are machines, too; one whose bake is over has no business any more."""
        rows = await self._connection.execute(select(bakes.c.id, bakes.c.state).where(condition))
        return [Held(id=row.id, slug="", project="", state="" if row.state == BakeState.BAKING else State.GONE) for row in rows]

    # -- what was found ----------------------------------------------------------------------------

    async def all(self) -> Sequence[Stray]:
        rows = (await self._connection.execute(select(strays).order_by(strays.c.first_seen_at, strays.c.subject))).mappings()
        return [struct_of(row, Stray) for row in rows]

    async def replace(self, found: Sequence[Stray], look: Look) -> None:
        """This is what there is now; what was found before and is not there any more is forgotten."""
        await self._connection.execute(delete(strays))
        if found:
            await self._connection.execute(insert(strays), [msgspec.to_builtins(each) for each in found])
        await self.looked(look)

    async def looked(self, look: Look) -> None:
        await self._connection.execute(delete(stray_looks))
        await self._connection.execute(insert(stray_looks).values(name=_LAST, **msgspec.to_builtins(look)))

    async def was_asked(self, stray: Stray) -> None:
        where = (strays.c.kind == stray.kind, strays.c.subject == stray.subject)
        await self._connection.execute(strays.update().where(*where).values(asked_at=self._now))

    async def last_look(self) -> Look | None:
        row = (await self._connection.execute(select(stray_looks))).mappings().first()
        return struct_of(row, Look) if row else None

    async def counts(self) -> Mapping[Kind, int]:
        rows = await self._connection.execute(select(strays.c.kind, func.count()).group_by(strays.c.kind))
        return {Kind(kind): count for kind, count in rows.all()}
