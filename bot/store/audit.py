"""Who asked for what and what came of it: the commands and the events, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.command import Event
from bot.domain.errors import DENIED
from bot.store.denials import REFUSED
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
    """`is_all`: also what belongs to no project, refusals of strangers above all. `actor` is part of a name, or a whole identity."""

    projects: frozenset[str]
    is_all: bool = False
    kind: str = ""
    actor: str = ""
    project: str = ""
    environment_id: str = ""
    is_denied: bool = False  # only what somebody tried and may not
    before: int = 0
    limit: int = 100


# What somebody was denied is no part of an environment's own story: it is named in the data only.
_about = func.coalesce(events.c.environment_id, events.c.data["environment"].as_string())

_IS_REFUSED = text(f"events.kind = '{REFUSED}'")  # written out, and not bound, so that the partial index serves


def _seen(asked: Asked) -> ColumnElement[bool]:
    columns = events.c
    projects = sorted(asked.projects & {asked.project} if asked.project else asked.projects)
    theirs = or_(columns.project.in_(projects), and_(columns.project == "", environments.c.project.in_(projects)))
    return or_(theirs, columns.project == "") if asked.is_all and not asked.project else theirs


def _conditions(asked: Asked) -> list[Any]:
    columns = events.c
    found: list[Any] = [_seen(asked)]
    if asked.is_denied:
        found += [_IS_REFUSED, columns.data["code"].as_string().in_(sorted(DENIED))]
    elif asked.kind:
        found.append(or_(columns.kind == asked.kind, columns.kind.startswith(f"{asked.kind}:", autoescape=True)))
    else:
        found.append(~columns.kind.startswith("stage_began", autoescape=True))  # its end says more
    if asked.actor:
        is_named = columns.actor.contains(asked.actor, autoescape=True)
        found.append(or_(is_named, columns.data["person"].as_string() == asked.actor))
    if asked.environment_id:
        found.append((_about if asked.is_all else columns.environment_id) == asked.environment_id)
    if asked.before:
        found.append(columns.id < asked.before)
    return found


async def after(connection: AsyncConnection, id: int, limit: int = 500) -> Sequence[Entry]:
    """What was written down after `id`, oldest first."""
    query = select(events, environments.c.slug).outerjoin(environments, environments.c.id == events.c.environment_id)
    rows = (await connection.execute(query.where(events.c.id > id).order_by(events.c.id).limit(limit))).mappings()
    return [Entry(row["id"], struct_of(row, Event), row["slug"] or "") for row in rows]


async def trail(connection: AsyncConnection, asked: Asked) -> Trail:
    query = select(events, environments.c.slug).outerjoin(environments, environments.c.id == _about)
    rows = (await connection.execute(query.where(*_conditions(asked)).order_by(events.c.id.desc()).limit(asked.limit + 1))).mappings().all()
    entries = [Entry(row["id"], struct_of(row, Event), row["slug"] or "") for row in rows[: asked.limit]]
    return Trail(entries, entries[-1].id if len(rows) > asked.limit else 0)
