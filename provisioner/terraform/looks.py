"""How services on machines were when somebody looked last: a file beside each record, written by whoever looked."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from provisioner.engine import EngineUnavailable, ServiceState
from provisioner.setup.machines import Instance, Machines
from provisioner.terraform.records import Records

EVERY_S = 60.0
"""A machine is asked no more often, however many look; SSM counts commands for a whole account."""

_TRUE_FOR_S = 300.0
_WITHIN_S = 60.0


@dataclass(frozen=True)
class Look:
    """`services` None: they could not be seen. `at` is when it began, in seconds since 1970; `generation` what ran by then."""

    at: float
    generation: int
    services: tuple[ServiceState, ...] | None


@dataclass(frozen=True)
class Looks:
    """`root` is where records are."""

    root: Path
    records: Records
    machines: Machines
    now: Callable[[], float] = time.time
    _going: set[str] = field(default_factory=set)

    def known(self, environment: str, generation: int) -> tuple[ServiceState, ...] | None:
        """What was seen of this generation lately, None where that is not known."""
        look = self._last(environment)
        is_true = look is not None and look.generation == generation and self.now() - look.at < _TRUE_FOR_S
        return look.services if look and is_true else None

    async def look(self, environment: str) -> None:
        """Ask the machine, unless it was asked just now, is stopped, or is not there. That it does not answer is seen, too."""
        record = await asyncio.to_thread(self.records.find, environment)
        ready = record.ready if record else None
        if record is None or ready is None or ready.spec is None or record.machine is None or record.is_stopped or record.is_going:
            return
        last = await asyncio.to_thread(self._last, environment)
        is_fresh = last is not None and last.generation == ready.generation and self.now() - last.at < EVERY_S
        if is_fresh or environment in self._going:
            return
        self._going.add(environment)
        try:
            began, seen = self.now(), None
            with contextlib.suppress(EngineUnavailable, TimeoutError):
                async with asyncio.timeout(_WITHIN_S):
                    seen = await self.machines.look(Instance(*record.machine), ready.spec)
            await asyncio.to_thread(self._save, environment, Look(began, ready.generation, seen))
        finally:
            self._going.discard(environment)

    def _last(self, environment: str) -> Look | None:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode((self.root / environment / "look.json").read_bytes(), type=Look)
        return None

    def _save(self, environment: str, look: Look) -> None:
        """Of what was taken down meanwhile nothing is written down."""
        new = self.root / environment / "look.json.new"
        with contextlib.suppress(FileNotFoundError):
            new.write_bytes(msgspec.json.encode(look))
            new.replace(new.with_name("look.json"))
