"""Progress written down: each stage before and after, under the lease, on the card at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bot import tracing
from bot.domain.command import Event
from bot.domain.environment import Environment, State
from bot.store.leases import Lease
from bot.store.store import Store
from bot.store.transaction import Transaction
from processes.killpoint import killpoint
from provisioner.engine import StageName

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_STATE = {
    StageName.PROVISIONING: State.PROVISIONING,
    StageName.CONFIGURING: State.CONFIGURING,
    StageName.STARTING: State.STARTING,
}


class Progress:
    """An engine's Report for one environment and generation."""

    def __init__(self, store: Store, lease: Lease, environment: Environment) -> None:
        self._store = store
        self._lease = lease
        self._id = environment.id
        self._generation = environment.generation
        self._stage: StageName | None = None
        self._ended: StageName | None = None  # and not written yet: it goes with what is written next
        self._began_at = 0.0
        self.first_began_at: float | None = None
        self._span: Span | None = None

    async def begin(self, stage: StageName) -> None:
        """Record that a stage begins, and with it the end of the one before; saying it twice is saying it once."""
        if stage is self._stage:
            return
        async with self._store.transaction(self._lease) as transaction:
            environment = await transaction.environments.locked(self._id)
            if environment is None:
                return
            await self.write_end(transaction, environment)
            runs = environment.running_generation > 0
            moved = environment.move(State.UPDATING if runs else _STATE[stage])
            await transaction.save(msgspec.structs.replace(moved, stage=stage.value, stage_began_at=transaction.now))
            await transaction.note(self._event(environment, f"stage_began:{stage}", transaction.now))
        self.recorded()
        self._stage, self._began_at = stage, transaction.now
        self.close()
        self._span = tracing.opened(f"stage {stage}")
        self.first_began_at = self.first_began_at or transaction.now
        killpoint(f"worker.{stage}.began")

    async def end(self, stage: StageName) -> None:
        killpoint(f"worker.{stage}.done")
        self._ended = stage
        self.close()

    async def count(self, stage: StageName, done: int, of: int, doing: str = "") -> None:
        """On the card, as one more word of how the stage began; its end says more to whoever reads the past."""
        async with self._store.transaction(self._lease) as transaction:
            if environment := await transaction.environments.locked(self._id):
                await transaction.note(self._event(environment, f"stage_began:{stage}", transaction.now, done=done, of=of, doing=doing))
                await transaction.save(environment)

    def close(self) -> None:
        """End the span of the stage, if one is open."""
        if self._span:
            self._span.end()
        self._span = None

    async def write_end(self, transaction: Transaction, environment: Environment) -> None:
        """Write down the stage that ended last, if any, with what else this transaction tells; `recorded` when it is committed."""
        if self._ended:
            seconds = transaction.now - self._began_at
            await transaction.note(self._event(environment, f"stage_ended:{self._ended}", transaction.now, seconds=seconds))

    def recorded(self) -> None:
        stage, self._ended = self._ended, None
        if stage:
            killpoint(f"worker.{stage}.recorded")

    def _event(self, environment: Environment, kind: str, now: float, **data: float | str) -> Event:
        values: dict[str, str | int | float | bool | None] = {"generation": self._generation, **data}
        return Event(at=now, kind=kind, environment_id=self._id, project=environment.project, data=values)
