"""How far each project's forge was listened to."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cursor import Cursor
from bot.store.forge_tables import feeds

_decode = msgspec.json.Decoder(Cursor)


class Listening(msgspec.Struct, frozen=True):
    """A project's row; `problem` is why the last look failed, `hook_problem` what is wrong with its webhook."""

    project: str
    cursor: Cursor
    looked_at: float
    problem: str = ""
    hook_problem: str = ""


async def listening(connection: AsyncConnection, project: str) -> Listening | None:
    row = (await connection.execute(select(feeds).where(feeds.c.project == project))).first()
    return Listening(row.project, _decode.decode(row.cursor), row.looked_at, row.problem, row.hook_problem) if row else None


async def all_listening(connection: AsyncConnection) -> Sequence[Listening]:
    rows = await connection.execute(select(feeds).order_by(feeds.c.project))
    return [Listening(row.project, _decode.decode(row.cursor), row.looked_at, row.problem, row.hook_problem) for row in rows]


async def listened(connection: AsyncConnection, project: str, cursor: Cursor, now: float, problem: str = "") -> None:
    """Write how far we came. What is known of its webhook stays."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {"cursor": msgspec.json.encode(cursor).decode(), "looked_at": now, "problem": problem}
    statement = insert(feeds).values(project=project, hook_problem="", **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=[feeds.c.project], set_=values))


async def hook_seen(connection: AsyncConnection, project: str, problem: str) -> None:
    await connection.execute(update(feeds).where(feeds.c.project == project).values(hook_problem=problem))
