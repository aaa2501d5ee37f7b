"""Artifacts as rows: registered once, never changed, but for what the forge says of their commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.artifact import Artifact
from bot.store.deploy_tables import artifacts
from bot.store.numbers import next_number
from bot.store.rows import struct_of

_columns = artifacts.c
_newest_first = (_columns.number.desc(),)
_newest_merged_first = (_columns.merged_at.desc(), _columns.number.desc())
_IN_ONE_GO = 500


class Artifacts:
    """What is asked of the table inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, artifact: Artifact) -> tuple[Artifact, bool]:
        """The row, and whether it is new. One of the same service, commit and digest is there already: then that one, unchanged."""
        if there := await self.same(artifact):
            return there, False
        number = await next_number(self._connection, f"artifact:{artifact.service}")
        if there := await self.same(artifact):  # whoever registered it meanwhile held the number until now
            return there, False
        row = msgspec.structs.replace(artifact, number=number)
        await self._connection.execute(insert(artifacts).values(msgspec.to_builtins(row)))
        return row, True

    async def same(self, artifact: Artifact) -> Artifact | None:
        """The one there is of the same service, commit and digest."""
        same = (_columns.service == artifact.service, _columns.commit == artifact.commit, _columns.sha256 == artifact.sha256)
        return await self._first(*same)

    async def get(self, id: str) -> Artifact | None:
        return await self._first(_columns.id == id)

    async def several(self, ids: Iterable[str]) -> dict[str, Artifact]:
        """By id; what is not there is left out."""
        wanted, found = sorted(set(ids)), dict[str, Artifact]()
        for start in range(0, len(wanted), _IN_ONE_GO):
            rows = await self._all(_columns.id.in_(wanted[start : start + _IN_ONE_GO]))
            found |= {each.id: each for each in rows}
        return found

    async def by_number(self, service: str, number: int) -> Artifact | None:
        return await self._first(_columns.service == service, _columns.number == number)

    async def by_commit(self, service: str, prefix: str, limit: int = 20) -> Sequence[Artifact]:
        """Those whose commit begins so, the newest first: several of one commit, or of several."""
        begins = _columns.commit.startswith(prefix.lower(), autoescape=True)
        return await self._all(_columns.service == service, begins, limit=limit)

    async def by_version(self, service: str, version: str) -> Artifact | None:
        """The newest that CI called so."""
        return await self._first(_columns.service == service, _columns.version == version)

    async def of_request(self, project: str, request: int, service: str | None = None, limit: int = 100) -> Sequence[Artifact]:
        """What was built for a merge or pull request, of one service or of all, the newest first."""
        wanted: list[ColumnElement[bool]] = [_columns.project == project, _columns.request == request]
        wanted += [_columns.service == service] if service is not None else []
        return await self._all(*wanted, order=(_columns.registered_at.desc(), *_newest_first), limit=limit)

    async def newest(self, service: str) -> Artifact | None:
        """The last that was registered, merged or not."""
        return await self._first(_columns.service == service)

    async def newest_merged(self, service: str) -> Artifact | None:
        """The one of the newest commit on the protected branch."""
        return await self._first(_columns.service == service, _columns.merged_at.is_not(None), order=_newest_merged_first)

    async def listed(self, services: Iterable[str], limit: int = 50, before: float | None = None) -> Sequence[Artifact]:
        """The newest first; of those that were registered before a moment, where one is said."""
        wanted: list[ColumnElement[bool]] = [_columns.service.in_(sorted(set(services)))]
        wanted += [_columns.registered_at < before] if before is not None else []
        return await self._all(*wanted, order=(_columns.registered_at.desc(), *_newest_first, _columns.service), limit=limit)

    async def merged_between(self, service: str, since: float, until: float, limit: int) -> Sequence[Artifact]:
        """Those of commits on the protected branch from one moment to another, both included, the newest first."""
        wanted = (_columns.service == service, _columns.merged_at >= since, _columns.merged_at <= until)
        return await self._all(*wanted, order=_newest_merged_first, limit=limit)

    # -- what the forge says of them ----------------------------------------------------------------

    async def unmerged(self, project: str, since: float, limit: int = 200) -> Sequence[Artifact]:
        """Those registered since then of which the forge did not say yet that they are merged, the longest unasked first."""
        wanted = (_columns.project == project, _columns.merged_at.is_(None), _columns.registered_at >= since)
        return await self._all(*wanted, order=(_columns.merge_asked_at.asc().nulls_first(), _columns.number), limit=limit)

    async def unmerged_of(self, service: str, asked_before: float, limit: int) -> Sequence[Artifact]:
        """The newest of a service of which the forge did not say yet that they are merged, and was not asked since then."""
        is_due = _columns.merge_asked_at.is_(None) | (_columns.merge_asked_at < asked_before)
        return await self._all(_columns.service == service, _columns.merged_at.is_(None), is_due, limit=limit)

    async def merge_said(self, project: str, commit: str, merged_at: float | None, now: float) -> Sequence[Artifact]:
        """What the forge said just now of a commit; all of it that this changed. What was merged once stays so.

        Whoever commits may date that as they like, but not after now: it would be the newest for ever.
        """
        of_it = (_columns.project == project, _columns.commit == commit, _columns.merged_at.is_(None))
        told: dict[str, Any] = {"merge_asked_at": now, "merged_at": None if merged_at is None else min(merged_at, now)}
        rows = (await self._connection.execute(update(artifacts).where(*of_it).values(told).returning(artifacts))).mappings()
        return [struct_of(row, Artifact) for row in rows]

    async def _first(self, *wanted: ColumnElement[bool], order: Sequence[Any] = _newest_first) -> Artifact | None:
        return next(iter(await self._all(*wanted, order=order, limit=1)), None)

    async def _all(self, *wanted: ColumnElement[bool], order: Sequence[Any] = _newest_first, limit: int = _IN_ONE_GO) -> list[Artifact]:
        query = select(artifacts).where(*wanted).order_by(*order).limit(limit)
        return [struct_of(row, Artifact) for row in (await self._connection.execute(query)).mappings()]
