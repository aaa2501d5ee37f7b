"""Who asked for what and what came of it: the commands and the events, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.command import Event
from bot.store.rows import struct_of
from bot.store.tables import environments, events


@dataclass(frozen=True)
class Entry:
    id: int
    event: Event
    slug: str


@dataclass(frozen=True)
class Trail:
    entries: Sequence[Entry]
    next: int = 0  # the cursor of what follows; 0 at the end


@dataclass(frozen=True)
class Asked:
    """`is_all`: also what belongs to no project, refusals of strangers above all."""

    projects: frozenset[str]
    is_all: bool = False
    kind: str = ""
    actor: str = ""
    environment_id: str = ""
    before: int = 0
    limit: int = 100


async def trail(connection: AsyncConnection, asked: Asked) -> Trail:
    columns = events.c
    seen = columns.project.in_(sorted(asked.projects))
    theirs = and_(columns.project == "", environments.c.project.in_(sorted(asked.projects)))
    conditions = [or_(seen, theirs, columns.project == "") if asked.is_all else or_(seen, theirs)]
    if not asked.kind:
        conditions.append(~columns.kind.startswith("stage_began", autoescape=True))  # its end says more
    if asked.kind:
        conditions.append(or_(columns.kind == asked.kind, columns.kind.startswith(f"{asked.kind}:", autoescape=True)))
    if asked.actor:
        conditions.append(columns.actor.contains(asked.actor, autoescape=True))
    if asked.environment_id:
        conditions.append(columns.environment_id == asked.environment_id)
    if asked.before:
        conditions.append(columns.id < asked.before)
    query = select(events, environments.c.slug).outerjoin(environments, environments.c.id == columns.environment_id)
    rows = (await connection.execute(query.where(*conditions).order_by(columns.id.desc()).limit(asked.limit + 1))).mappings().all()
    entries = [Entry(row["id"], struct_of(row, Event), row["slug"] or "") for row in rows[: asked.limit]]
    return Trail(entries, entries[-1].id if len(rows) > asked.limit else 0)
