"""The store: transactions, leases and the sweep's questions over one database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import select

from bot.store import hearing, leases, recording, rollouts, saying
from bot.store.database import Database
from bot.store.leases import Lease
from bot.store.tables import environments
from bot.store.transaction import Ring, Transaction

Ringer = Callable[[Iterable[Ring]], Awaitable[None]]


async def _nobody(_: Iterable[Ring]) -> None:
    return None


class Store:
    """`ringer` is told after each commit what to look at; a ring that fails costs seconds, never a row."""

    def __init__(self, database: Database, ringer: Ringer = _nobody) -> None:
        self.database = database
        self.ringer = ringer

    @asynccontextmanager
    async def transaction(self, lease: Lease | None = None) -> AsyncIterator[Transaction]:
        """One unit of work. With a lease, nothing is written unless it is still ours (LeaseLost)."""
        async with self.database.write() as connection:
            now = await self.database.clock.now(connection)
            if lease:
                await leases.guard(connection, lease, now)
            transaction = Transaction(connection, now)
            yield transaction
        for count in transaction.counts:
            count()
        if transaction.rings:
            await self.ringer(transaction.rings)

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Transaction]:
        """The same questions, for reading only."""
        async with self.database.read() as connection:
            yield Transaction(connection, await self.database.clock.now(connection))

    async def claim(self, name: str, holder: str, seconds: float) -> Lease | None:
        async with self.database.write() as connection:
            return await leases.claim(connection, name, holder, await self.database.clock.now(connection), seconds)

    async def renew(self, lease: Lease, seconds: float) -> None:
        async with self.database.write() as connection:
            await leases.renew(connection, lease, await self.database.clock.now(connection), seconds)

    async def release(self, lease: Lease) -> None:
        async with self.database.write() as connection:
            await leases.release(connection, lease)

    async def beat(self, name: str, holder: str, seconds: float) -> None:
        async with self.database.write() as connection:
            await leases.beat(connection, name, holder, await self.database.clock.now(connection), seconds)

    async def is_alive(self, prefix: str) -> bool:
        async with self.database.read() as connection:
            return await leases.is_alive(connection, prefix, await self.database.clock.now(connection))

    async def due(self, limit: int = 100) -> Sequence[Ring]:
        """Rows whose time has come and that nobody holds, as rings, oldest first and so many of each kind."""
        async with self.look() as transaction:
            now, connection = transaction.now, transaction.connection
            found: list[Ring] = []
            for is_wanted, kind in ((True, "create"), (False, "destroy")):
                columns = environments.c
                query = select(columns.id).where(
                    columns.due_at <= now, columns.is_wanted.is_(is_wanted), leases.is_free("environment:", columns.id, now)
                )
                found += [(kind, id_) for id_ in (await connection.execute(query.order_by(columns.due_at).limit(limit))).scalars()]
            found += [("hear", str(id_)) for id_ in (await connection.execute(hearing.due(now, limit))).scalars()]
            for said in saying.due(now, limit):
                found += [("say", address) for address in (await connection.execute(said)).scalars()]
            found += [("deploy", id_) for id_ in (await connection.execute(rollouts.due(now, limit))).scalars()]
            found += [("record", id_) for id_ in (await connection.execute(recording.due(now, limit))).scalars()]
            return list(dict.fromkeys(found))

    async def prune(self) -> None:
        async with self.database.write() as connection:
            await leases.prune(connection, await self.database.clock.now(connection))
