"""Records that the forges are to be told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import new_id
from bot.domain.record import RecordKind
from bot.store.leases import is_free
from bot.store.record_tables import records
from bot.store.rows import in_no_order


@dataclass(frozen=True)
class Waiting:
    id: str
    kind: RecordKind
    wanted: int
    told: Any
    placed: Any
    tries: int


async def begin(connection: AsyncConnection, environment_id: str, now: float) -> None:
    rows = [
        {"id": new_id(), "environment_id": environment_id, "kind": kind.value, "wanted": 1, "tries": 0, "is_dead": False, "due_at": now}
        for kind in RecordKind
    ]
    await connection.execute(insert(records), rows)


async def touch(connection: AsyncConnection, environment_id: str, now: float) -> bool:
    """The environment changed: each of its records is looked at again. Whether it has any."""
    changed = {"wanted": records.c.wanted + 1, "due_at": func.coalesce(records.c.due_at, now)}
    living = (records.c.environment_id == environment_id, records.c.is_dead.is_(False))
    return (await connection.execute(update(records).where(*living).values(changed))).rowcount > 0


async def next_of(connection: AsyncConnection, environment_id: str, now: float) -> Waiting | None:
    query = select(records).where(records.c.environment_id == environment_id, records.c.due_at <= now)
    row = (await connection.execute(query.order_by(records.c.due_at).limit(1))).first()
    return Waiting(row.id, RecordKind(row.kind), row.wanted, row.told, row.placed, row.tries) if row else None


async def put_off(connection: AsyncConnection, waiting: Waiting, until: float, *, is_tried: bool = True) -> None:
    await connection.execute(update(records).where(records.c.id == waiting.id).values(tries=waiting.tries + is_tried, due_at=until))


async def told(connection: AsyncConnection, waiting: Waiting, words: object, placed: object, now: float) -> None:
    """It was told so; one that changed meanwhile is due again."""
    due_at = case((records.c.wanted > waiting.wanted, now), else_=None)
    values = {"told": msgspec.to_builtins(words), "placed": msgspec.to_builtins(placed), "tries": 0, "due_at": due_at}
    await connection.execute(update(records).where(records.c.id == waiting.id).values(values))


async def forget(connection: AsyncConnection, waiting: Waiting) -> None:
    """The forge will not be told of this one any more."""
    await connection.execute(update(records).where(records.c.id == waiting.id).values(is_dead=True, due_at=None))


def due(now: float, limit: int) -> Select[Any]:
    """Environments of which something is to be told, and of which nobody tells now."""
    id_ = in_no_order(records.c.environment_id)
    query = select(id_).where(records.c.due_at <= now, is_free("record:", records.c.environment_id, now)).group_by(id_)
    return query.order_by(func.min(records.c.due_at)).limit(limit)
