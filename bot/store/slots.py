"""What runs where, as rows: one for each service in each environment, claimed by one deployment at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deployment import Deployment, Slot
from bot.store.deploy_tables import slots
from bot.store.rows import struct_of


class Slots:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, service: str, environment: str) -> Slot | None:
        query = select(slots).where(slots.c.service == service, slots.c.environment == environment)
        row = (await self._connection.execute(query)).mappings().first()
        return struct_of(row, Slot) if row else None

    async def of(self, services: Iterable[str], environment: str | None = None) -> Sequence[Slot]:
        wanted: list[ColumnElement[bool]] = [slots.c.service.in_(sorted(set(services)))]
        wanted += [slots.c.environment == environment] if environment is not None else []
        query = select(slots).where(*wanted).order_by(slots.c.service, slots.c.environment)
        return [struct_of(row, Slot) for row in (await self._connection.execute(query)).mappings()]

    async def betas(self, project: str, request: int) -> Sequence[Slot]:
        """Where what was built of a merge or pull request runs as a beta."""
        mine = (slots.c.is_beta.is_(True), slots.c.beta_project == project, slots.c.beta_request == request)
        query = select(slots).where(*mine).order_by(slots.c.environment, slots.c.service)
        return [struct_of(row, Slot) for row in (await self._connection.execute(query)).mappings()]

    async def requests_of_betas(self, project: str) -> set[int]:
        mine = (slots.c.is_beta.is_(True), slots.c.beta_project == project, slots.c.beta_request.is_not(None))
        return set((await self._connection.execute(select(slots.c.beta_request).where(*mine))).scalars())

    async def save(self, slot: Slot) -> None:
        mine = (slots.c.service == slot.service, slots.c.environment == slot.environment)
        await self._connection.execute(update(slots).where(*mine).values(msgspec.to_builtins(slot)))

    async def locked(self, service: str, environment: str) -> Slot:
        """The row, made where there is none, and kept from others until the end of this transaction."""
        on_conflict = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        empty = msgspec.to_builtins(Slot(service=service, environment=environment))
        await self._connection.execute(on_conflict(slots).values(empty).on_conflict_do_nothing())
        query = select(slots).where(slots.c.service == service, slots.c.environment == environment).with_for_update()
        return struct_of((await self._connection.execute(query)).mappings().one(), Slot)

    async def claim(self, deployment: Deployment) -> bool:
        """Whether it is this deployment's now: nobody else's until it is released, and it may be claimed again by the same."""
        mine = (slots.c.service == deployment.service, slots.c.environment == deployment.environment)
        free = update(slots).where(*mine, slots.c.claimed_by.in_(("", deployment.id))).values(claimed_by=deployment.id)
        return (await self._connection.execute(free)).rowcount == 1

    async def release(self, deployment: Deployment) -> None:
        mine = (slots.c.service == deployment.service, slots.c.environment == deployment.environment)
        await self._connection.execute(update(slots).where(*mine, slots.c.claimed_by == deployment.id).values(claimed_by=""))
