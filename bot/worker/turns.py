"""What time does, done: a moment has come, its words go out and its mark is set in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from bot.domain.command import Event
from bot.domain.deadlines import IDLE_GRACE_S, Turn, awake, turn_of, warning_due
from bot.domain.environment import Environment
from bot.replies import time
from bot.store.leases import Lease
from bot.store.store import Store
from bot.store.transaction import Transaction
from bot.worker.telling import tell_owner


@dataclass
class Turns:
    store: Store
    terms: time.Terms

    async def take(self, environment: Environment, lease: Lease) -> None:
        """Do what has come, if it still has."""
        async with self.store.transaction(lease) as transaction:
            row = await transaction.environments.locked(environment.id)
            turn = turn_of(row, transaction.now) if row else None
            if row and turn:
                await self._table[turn](transaction, row)

    @property
    def _table(self) -> dict[Turn, Callable[[Transaction, Environment], Awaitable[None]]]:
        return {
            Turn.WARN: self._warn,
            Turn.WARN_IDLE: self._warn_idle,
            Turn.PAUSE_IDLE: self._pause_idle,
            Turn.END_IDLE: self._end_idle,
            Turn.SLEEP: self._sleep,
            Turn.WAKE: self._wake,
        }

    async def _warn(self, transaction: Transaction, row: Environment) -> None:
        level = warning_due(row, transaction.now)
        after = await transaction.save(msgspec.structs.replace(row, warned=level))
        await tell_owner(transaction, after, time.warning(after, self.terms, transaction.now))
        await transaction.note(_event(after, transaction.now, "warned", seconds=after.expires_at - transaction.now))

    async def _warn_idle(self, transaction: Transaction, row: Environment) -> None:
        after = await transaction.save(msgspec.structs.replace(row, idle_warned_at=transaction.now))
        await tell_owner(transaction, after, time.quiet(after, transaction.now, IDLE_GRACE_S))
        await transaction.note(_event(after, transaction.now, "quiet", seconds=transaction.now - after.active_at))

    async def _pause_idle(self, transaction: Transaction, row: Environment) -> None:
        await transaction.edit(msgspec.structs.replace(row, is_paused=True, pause_reason="idle"))
        await transaction.note(_event(row, transaction.now, "pause_asked", reason="it is quiet"))

    async def _end_idle(self, transaction: Transaction, row: Environment) -> None:
        reason = "nobody visited it or pushed to it"
        await transaction.edit(msgspec.structs.replace(row, is_wanted=False, gone_reason=reason, gone_code="idle"))
        await transaction.note(_event(row, transaction.now, "unwanted", reason=reason))

    async def _sleep(self, transaction: Transaction, row: Environment) -> None:
        await transaction.edit(msgspec.structs.replace(row, is_paused=True, pause_reason="schedule"))
        await transaction.note(_event(row, transaction.now, "pause_asked", reason="its schedule says so"))

    async def _wake(self, transaction: Transaction, row: Environment) -> None:
        await transaction.edit(msgspec.structs.replace(awake(row), active_at=transaction.now, idle_warned_at=None))
        await transaction.note(_event(row, transaction.now, "resume_asked", reason="its schedule says so"))


def _event(environment: Environment, now: float, kind: str, **data: str | float) -> Event:
    return Event(at=now, kind=kind, environment_id=environment.id, project=environment.project, actor="trellis", data=dict(data))
