"""Environments as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.environment import Environment, State
from bot.store.rows import struct_of
from bot.store.saying import opened_on, shown_on
from bot.store.tables import environments

_is_live = environments.c.state != State.GONE
_GONE_MOST = 20


def _is_of(address: str) -> ColumnElement[bool]:
    asked_at = environments.c.thread["address"].as_string()
    is_here: ColumnElement[bool] = (asked_at == address) | asked_at.in_(opened_on(address))
    return is_here | environments.c.id.in_(shown_on(address)) if address.startswith("slack:") else is_here


def _row_of(environment: Environment) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(environment)
    return row


class Environments:
    """What is asked of the table inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, environment: Environment) -> bool:
        """Insert; False when a live one has the same identity or slug (nothing is inserted then)."""
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(insert(environments).values(_row_of(environment)))
        except IntegrityError:
            return False
        return True

    async def save(self, environment: Environment) -> None:
        await self._connection.execute(update(environments).where(environments.c.id == environment.id).values(_row_of(environment)))

    async def get(self, id: str) -> Environment | None:
        return await self._first(environments.c.id == id)

    async def locked(self, id: str) -> Environment | None:
        """The row, kept from others until the end of this transaction."""
        row = (await self._connection.execute(select(environments).where(environments.c.id == id).with_for_update())).mappings().first()
        return struct_of(row, Environment) if row else None

    async def by_slug(self, slug: str) -> Environment | None:
        """The live one of that slug, else the last that bore it."""
        return await self._first(environments.c.slug == slug)

    async def by_request(self, project: str, request: int) -> Sequence[Environment]:
        """The live ones of a merge or pull request, else the last there was."""
        theirs = (environments.c.project == project, environments.c.request == request)
        if live := await self._all(*theirs, _is_live):
            return live
        last = await self._first(*theirs)
        return [last] if last else []

    async def by_identity(self, project: str, source_id: str, ref: str, name: str) -> Environment | None:
        columns = environments.c
        identity = (columns.project == project, columns.source_id == source_id, columns.ref == ref, columns.name == name)
        return await self._first(*identity, _is_live)

    async def by_ref(self, project: str, ref: str) -> Sequence[Environment]:
        return await self._all(environments.c.project == project, environments.c.ref == ref, _is_live)

    async def of_branch(self, project: str, ref: str, limit: int) -> Sequence[Environment]:
        """Those there were and are, the newest first."""
        query = select(environments).where(environments.c.project == project, environments.c.ref == ref)
        rows = (await self._connection.execute(query.order_by(environments.c.created_at.desc()).limit(limit))).mappings()
        return [struct_of(row, Environment) for row in rows]

    async def live(self, project: str | None = None) -> Sequence[Environment]:
        wanted = (_is_live,) if project is None else (_is_live, environments.c.project == project)
        return await self._all(*wanted)

    async def by_thread(self, address: str) -> Sequence[Environment]:
        """The live ones that were asked for there; a slash command's thread is also the one under the message that it opened.

        In Slack also those whose card stands in the thread, or is the message that the thread hangs on.
        """
        return await self._all(_is_of(address), _is_live)

    async def gone_of(self, address: str, request: tuple[str, int] | None, since: float) -> Sequence[Environment]:
        """Those of a thread, or of a project's request, that went after `since`: of each identity the last, when none of it lives."""
        is_here = _is_of(address)
        if request:
            is_here |= (environments.c.project == request[0]) & (environments.c.request == request[1])
        last_first = (environments.c.gone_at.desc(), environments.c.id)
        query = select(environments).where(is_here, environments.c.gone_at > since).order_by(*last_first)
        found: dict[tuple[str, str, str, str], Environment] = {}
        for row in (await self._connection.execute(query.limit(_GONE_MOST))).mappings():
            each = struct_of(row, Environment)
            found.setdefault((each.project, each.source_id, each.ref, each.name), each)
        return [each for identity, each in found.items() if await self.by_identity(*identity) is None]

    async def count_live(self, project: str | None = None) -> int:
        wanted = (_is_live,) if project is None else (_is_live, environments.c.project == project)
        return int((await self._connection.execute(select(func.count()).select_from(environments).where(*wanted))).scalar_one())

    async def owned_by(self, identities: frozenset[str]) -> Sequence[Environment]:
        """The live ones of somebody with these accounts."""
        owner = environments.c.owner
        whose = owner["platform"].as_string() + ":" + owner["id"].as_string()
        return await self._all(_is_live, whose.in_(sorted(identities)))

    async def slugs(self, projects: frozenset[str]) -> Sequence[str]:
        query = select(environments.c.slug).where(_is_live, environments.c.project.in_(sorted(projects)))
        return (await self._connection.execute(query)).scalars().all()

    async def _first(self, *conditions: Any) -> Environment | None:
        live_first = (environments.c.state == State.GONE, environments.c.created_at.desc())
        query = select(environments).where(*conditions).order_by(*live_first).limit(1)
        row = (await self._connection.execute(query)).mappings().first()
        return struct_of(row, Environment) if row else None

    async def _all(self, *conditions: Any) -> Sequence[Environment]:
        query = select(environments).where(*conditions).order_by(environments.c.created_at, environments.c.id)
        return [struct_of(row, Environment) for row in (await self._connection.execute(query)).mappings()]
