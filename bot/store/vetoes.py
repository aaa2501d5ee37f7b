"""Vetoes as rows: at most one live one for each artifact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deployment import Veto
from bot.domain.message import Person
from bot.store.claimed import claimed
from bot.store.deploy_tables import vetoes
from bot.store.rows import struct_of

_is_live = vetoes.c.lifted_at.is_(None)


class Vetoes:
    """What is asked of the table inside one transaction, which goes by `now`."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection = connection
        self._now = now

    async def claim(self, veto: Veto) -> Veto:
        """The live veto of its artifact, which is this one when there was none."""
        row = msgspec.to_builtins(veto)
        return struct_of(await claimed(self._connection, vetoes, row, _is_live & (vetoes.c.artifact_id == veto.artifact_id)), Veto)

    async def of(self, artifact_id: str) -> Veto | None:
        return (await self.several([artifact_id])).get(artifact_id)

    async def several(self, artifact_ids: Iterable[str]) -> Mapping[str, Veto]:
        """The live ones of these artifacts, by artifact."""
        query = select(vetoes).where(_is_live, vetoes.c.artifact_id.in_(sorted(set(artifact_ids))))
        found = [struct_of(row, Veto) for row in (await self._connection.execute(query)).mappings()]
        return {each.artifact_id: each for each in found}

    async def live(self) -> Sequence[Veto]:
        """All that stand, the newest first."""
        rows = (await self._connection.execute(select(vetoes).where(_is_live).order_by(vetoes.c.created_at.desc()))).mappings()
        return [struct_of(row, Veto) for row in rows]

    async def lift(self, veto: Veto, by: Person) -> bool:
        """False when somebody was faster."""
        lifted = update(vetoes).where(vetoes.c.id == veto.id, _is_live).values(lifted_at=self._now, lifted_by=msgspec.to_builtins(by))
        return (await self._connection.execute(lifted)).rowcount == 1
