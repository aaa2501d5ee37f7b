"""Who was denied what, where and by which rule, newest first: for the audit page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import events

REFUSED = "refused"


@dataclass(frozen=True)
class Denial:
    """`person` is an identity (`github:7`), `rule` a policy's @id ("" where none permits it), `place` as rules call it."""

    id: int
    at: float
    person: str
    actor: str
    words: str
    line: str
    rule: str
    argument: str
    project: str
    place: str
    thread: str


async def denials(connection: AsyncConnection, *, person: str = "", before: int = 0, limit: int = 100) -> Sequence[Denial]:
    """A page of them; `before` is the id of the last one of the page before."""
    data = events.c.data
    conditions = [events.c.kind == REFUSED, data["code"].as_string() == "not_allowed"]
    if person:
        conditions.append(data["person"].as_string() == person)
    if before:
        conditions.append(events.c.id < before)
    rows = await connection.execute(select(events).where(*conditions).order_by(events.c.id.desc()).limit(limit))
    texts = ("person", "words", "line", "rule", "argument", "place", "thread")
    return [
        Denial(row.id, row.at, actor=row.actor, project=row.project, **{each: str(row.data.get(each) or "") for each in texts})
        for row in rows
    ]
