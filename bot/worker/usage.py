"""What services use, written down with every look at what runs."""

from __future__ import annotations

from collections.abc import Sequence

from bot.store import usage
from bot.store.store import Store
from bot.store.usage import Sample
from provisioner.engine import Observed, ServiceState

_PRUNE_EVERY = 100
Key = tuple[str, str, int]


class Usage:
    """CPU is what was used between two looks of this worker, so its first look knows none."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before: dict[Key, tuple[float, float]] = {}
        self._looks = 0

    async def record(self, observed: Sequence[Observed]) -> None:
        running = [(each.environment, service) for each in observed for service in each.services if service.memory_mb is not None]
        if not running and not self._before:
            return
        async with self._store.transaction() as transaction:
            now = transaction.now
            await usage.put(transaction.connection, [self._sample(environment, service, now) for environment, service in running])
            if self._looks % _PRUNE_EVERY == 0:
                await usage.prune(transaction.connection, now)
        self._looks += 1
        self._before = {_key(environment, service): (now, service.cpu_s) for environment, service in running if service.cpu_s is not None}

    def _sample(self, environment: str, service: ServiceState, now: float) -> Sample:
        cpu, before = None, self._before.get(_key(environment, service))
        if before and service.cpu_s is not None and now > before[0] and service.cpu_s >= before[1]:
            cpu = (service.cpu_s - before[1]) / (now - before[0])
        return Sample(environment, service.name, now, service.memory_mb or 0.0, cpu)


def _key(environment: str, service: ServiceState) -> Key:
    return environment, service.name, service.pid or 0
