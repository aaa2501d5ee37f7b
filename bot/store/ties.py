"""Threads that are tied to a merge or pull request: each environment of it has its card there too."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.message import Thread
from bot.store.slack_tables import ties


async def tie(connection: AsyncConnection, thread: Thread, project: str, request: int) -> bool:
    """False when it was tied before."""
    on_conflict = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {"thread_address": thread.address, "thread": msgspec.to_builtins(thread), "project": project, "request": request}
    statement = on_conflict(ties).values(row).on_conflict_do_nothing().returning(ties.c.thread_address)
    return (await connection.execute(statement)).first() is not None


async def tied(connection: AsyncConnection, project: str, request: int) -> Sequence[Thread]:
    query = select(ties.c.thread).where(ties.c.project == project, ties.c.request == request).order_by(ties.c.thread_address)
    return [msgspec.convert(each, Thread) for each in (await connection.execute(query)).scalars()]
