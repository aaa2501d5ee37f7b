"""What handlers may touch of locks, vetoes, holds and those who wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bot.domain.deployment import Deployment, Lock, Slot, Veto, Waits
from bot.domain.message import Person


class LockRows(Protocol):
    async def claim(self, lock: Lock, /) -> Lock:
        """The live lock of its scope, which is this one when nobody held it."""

    async def save(self, lock: Lock, /) -> None: ...

    async def live(self) -> Sequence[Lock]: ...

    async def of(self, scope: str, /) -> Lock | None: ...

    async def release(self, lock: Lock, by: Person, /) -> bool: ...

    async def run_out(self) -> Sequence[Lock]:
        """End those whose time is over; each is given once."""


class VetoRows(Protocol):
    async def claim(self, veto: Veto, /) -> Veto:
        """The live veto of its artifact, which is this one when there was none."""

    async def of(self, artifact_id: str, /) -> Veto | None: ...

    async def several(self, artifact_ids: Iterable[str], /) -> Mapping[str, Veto]: ...

    async def live(self) -> Sequence[Veto]: ...

    async def lift(self, veto: Veto, by: Person, /) -> bool: ...


class HoldRows(Protocol):
    async def put(self, service: str, environment: str, by: Person, reason: str, /) -> None: ...

    async def of(self, services: Iterable[str], environment: str | None = None, /) -> Sequence[Slot]: ...

    async def let_go(self, slot: Slot, /) -> bool: ...


class WaitingRows(Protocol):
    async def all(self, *waits: Waits) -> Sequence[Deployment]: ...

    async def planning(self) -> Sequence[Deployment]: ...

    async def of_artifact(self, artifact_id: str, /) -> Sequence[Deployment]: ...

    async def at_work(self) -> Sequence[Deployment]: ...
