"""A row that at most one of its kind may be, by a unique index over those that are live: taken by one INSERT, or the one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

_MOST_TRIES = 8


async def claimed(connection: AsyncConnection, table: Table, row: Mapping[str, Any], is_live: ColumnElement[bool]) -> RowMapping:
    """The live row: this one when there was none. The one that is there is kept from others until the end of the transaction."""
    on_conflict = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for _ in range(_MOST_TRIES):
        insert = on_conflict(table).values(row).on_conflict_do_nothing().returning(*table.c)
        if found := (await connection.execute(insert)).mappings().first():
            return found
        if found := (await connection.execute(select(table).where(is_live).with_for_update())).mappings().first():
            return found
    raise RuntimeError(f"the live row of {table.name} came and went {_MOST_TRIES} times while it was asked for")
