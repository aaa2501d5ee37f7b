"""Approvals as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.approval import Approval, ApprovalState
from bot.store.approval_tables import approvals
from bot.store.rows import struct_of

_is_open = approvals.c.state == ApprovalState.OPEN


class Approvals:
    """What is asked of the table inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, approval: Approval) -> None:
        await self._connection.execute(insert(approvals).values(msgspec.to_builtins(approval)))

    async def save(self, approval: Approval) -> None:
        await self._connection.execute(update(approvals).where(approvals.c.id == approval.id).values(msgspec.to_builtins(approval)))

    async def get(self, id: str) -> Approval | None:
        return next(iter(await self._all(approvals.c.id == id)), None)

    async def locked(self, id: str) -> Approval | None:
        """The row, kept from others until the end of this transaction."""
        row = (await self._connection.execute(select(approvals).where(approvals.c.id == id).with_for_update())).mappings().first()
        return struct_of(row, Approval) if row else None

    async def open(self, now: float, limit: int = 100) -> Sequence[Approval]:
        """Those that can still be answered."""
        return (await self._all(_is_open, approvals.c.expires_at > now))[:limit]

    async def open_in(self, address: str, now: float) -> Sequence[Approval]:
        """Those of them that were asked for in a thread."""
        asked_at = approvals.c.thread["address"].as_string()
        return await self._all(_is_open, approvals.c.expires_at > now, asked_at == address)

    async def late(self, now: float) -> Sequence[Approval]:
        """Those that wait and can no longer be answered."""
        return await self._all(_is_open, approvals.c.expires_at <= now)

    async def open_of(self, environment_id: str) -> Sequence[Approval]:
        return await self._all(_is_open, approvals.c.environment_id == environment_id)

    async def _all(self, *conditions: Any) -> Sequence[Approval]:
        query = select(approvals).where(*conditions).order_by(approvals.c.created_at)
        return [struct_of(row, Approval) for row in (await self._connection.execute(query)).mappings()]
