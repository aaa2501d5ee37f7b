"""Who leads: one of several multiplexers, by a lease in NATS KV.

No clock is compared with another: who waits takes over when the lease has not changed for as long as it says, by the waiter's own clock;
who leads counts from before it asked. Each leadership has an epoch, higher than any before, which all that it publishes bears.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

import msgspec
import nats.errors
import structlog
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from feeds.resting import rest

_log = structlog.get_logger()
_KEY = "leader"


class Held(msgspec.Struct, frozen=True):
    """What the key holds. `lease_s` 0: given back."""

    holder: str
    epoch: int
    lease_s: float


class Lease:
    """A leadership that was won. `is_valid` is asked before each effect."""

    def __init__(self, bucket: KeyValue, held: Held, revision: int, asked_at: float) -> None:
        self.held = held
        self._bucket, self._revision = bucket, revision
        self._until = asked_at + held.lease_s
        self.lost = asyncio.Event()

    @property
    def epoch(self) -> int:
        return self.held.epoch

    @property
    def is_valid(self) -> bool:
        return not self.lost.is_set() and time.monotonic() < self._until

    async def keep(self) -> None:
        """Renew at a third; returns when it is lost."""
        while self.is_valid:
            await rest(self.held.lease_s / 3)
            asked_at = time.monotonic()
            try:
                async with asyncio.timeout(self.held.lease_s / 2):
                    self._revision = await self._bucket.update(_KEY, msgspec.json.encode(self.held), last=self._revision)
            except KeyWrongLastSequenceError as problem:
                if not await self._is_still_ours():
                    _log.warning("feeds_lease_lost", holder=self.held.holder, epoch=self.epoch, problem=str(problem))
                    break
                continue
            except (nats.errors.Error, TimeoutError, OSError):
                continue  # NATS is away: valid to its end, and asked again
            self._until = asked_at + self.held.lease_s
        self.lost.set()

    async def _is_still_ours(self) -> bool:
        """An answer that was lost may have been a yes."""
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            entry = await self._bucket.get(_KEY)
            if entry.value and entry.revision and msgspec.json.decode(entry.value, type=Held) == self.held:
                self._revision = entry.revision
                return True
        return False

    async def give_back(self) -> None:
        """So that the next one need not wait."""
        was_valid = self.is_valid
        self.lost.set()
        if was_valid:
            with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
                held = msgspec.structs.replace(self.held, lease_s=0.0)
                await self._bucket.update(_KEY, msgspec.json.encode(held), last=self._revision)


async def win(bucket: KeyValue, holder: str, lease_s: float) -> Lease:
    """Wait until the lease is to be had, and take it."""
    seen: tuple[int, float] | None = None  # revision, and when it was first seen
    while True:
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            revision, held = await _look(bucket)
            if seen is None or seen[0] != revision:
                seen = (revision, time.monotonic())
            if held is None or time.monotonic() >= seen[1] + held.lease_s:
                return await _take(bucket, holder, lease_s, revision, held)
        await rest(lease_s / 10)


async def _look(bucket: KeyValue) -> tuple[int, Held | None]:
    try:
        entry = await bucket.get(_KEY)
    except KeyNotFoundError:
        return 0, None
    return entry.revision or 0, msgspec.json.decode(entry.value or b"", type=Held)


async def _take(bucket: KeyValue, holder: str, lease_s: float, revision: int, before: Held | None) -> Lease:
    """Raises a JetStream error when somebody else was quicker."""
    asked_at = time.monotonic()
    epoch = max((before.epoch if before else 0) + 1, time.time_ns() // 1_000_000)  # higher even where NATS lost all it knew
    held = Held(holder, epoch, lease_s)
    value = msgspec.json.encode(held)
    taken = await (bucket.update(_KEY, value, last=revision) if revision else bucket.create(_KEY, value))
    return Lease(bucket, held, taken, asked_at)
