"""The keeper: one process per host that owns the environments' processes and the proxy, so that a worker's death harms none."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import signal
from typing import TYPE_CHECKING, Any

import structlog

from processes import killpoint, protection, sweep
from provisioner.engine import Access, Dataset, EngineFailed, EngineUnavailable, LogLine, Observed, Source, Spec, StageName
from provisioner.fences import Fences
from provisioner.folders import remove_folder
from provisioner.git import Git
from provisioner.house import House
from provisioner.kept import Kept
from provisioner.mirrors import Mirrors
from provisioner.proxy import Proxy
from provisioner.records import Record, Records, check, check_name
from provisioner.seeding import seed
from provisioner.settings import KeeperCannotStart, KeeperSettings
from provisioner.turns import Key, Turns
from provisioner.wire import Health

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

__all__ = ["KILL_POINTS", "Keeper", "KeeperCannotStart", "KeeperSettings", "serve"]

KILL_POINTS = (
    "keeper.fenced",
    "keeper.worktree.before",
    "keeper.worktree.after",
    "keeper.laid_out",
    "keeper.build.before",
    "keeper.build.after",
    "keeper.start.before",
    "keeper.started.before_record",
    "keeper.recorded.before_switch",
    "keeper.switched",
    "keeper.retired",
    "keeper.restart.before",
    "keeper.pause.before",
    "keeper.pause.recorded",
    "keeper.pause.after",
    "keeper.destroy.before",
    "keeper.destroy.recorded",
    "keeper.destroy.stopped",
    "keeper.destroy.removed",
    "keeper.destroy.after",
)
_LOCK_WITHIN_S = 2.0
_RESUMED_AT_ONCE = 4

_log = structlog.get_logger()


class Keeper:
    """All environments of this host. Every method that changes one names its fence and may raise StaleFence."""

    def __init__(self, settings: KeeperSettings) -> None:
        self.settings = settings
        git = Git(settings.folder / "git", settings.tokens, settings.mark)
        self._house = House(settings, Records(settings.environments), Mirrors(git, settings.mirrors), Proxy(settings))
        self._fences = Fences(settings.folder / "fences")
        self._kept: dict[str, Kept] = {}
        self._turns: dict[str, Turns] = {}
        self._resuming: dict[str, asyncio.Task[None]] = {}
        self._protection: tuple[str, ...] = ()

    # ------------------------------------------------------------ its own life
    async def start(self) -> None:
        """Clear up after a dead keeper and start again what it kept. Raises KeeperCannotStart."""
        shield = await protection()
        if self.settings.sandbox == "required" and not shield.sandbox:
            raise KeeperCannotStart(
                "a sandbox is required, but bubblewrap is not installed or may not work here: install it, or set sandbox to auto"
            )
        self._protection = shield.sentences() if self.settings.sandbox != "off" else ("sandbox: switched off", *shield.sentences()[1:])
        left = await sweep(self.settings.mark)
        records = {record.environment: record for record in self._house.records.all()}
        await self._clear_up(set(records))
        self._fences.forget_old(set(records))
        _log.info("keeper.starts", swept=left, environments=len(records))
        with contextlib.suppress(EngineUnavailable):  # health tells, and it is kept trying
            await self._house.proxy.start()
        gate = asyncio.Semaphore(_RESUMED_AT_ONCE)
        for record in records.values():
            kept = self._kept[record.environment] = Kept(self._house, record)
            self._resuming[record.environment] = asyncio.create_task(self._resume(kept, gate))

    async def _clear_up(self, known: set[str]) -> None:
        """What cannot be cleared up is no reason to keep nothing running: it is logged, and whoever needs it hears of it."""
        work = [
            *((folder, remove_folder(folder)) for folder in self._house.records.strays(known)),
            *((mirror, self._house.mirrors.tidy(mirror)) for mirror in self._house.mirrors.all()),
        ]
        for place, step in work:
            try:
                await step
            except (OSError, EngineUnavailable):
                _log.exception("keeper.not_cleared_up", folder=str(place))

    async def _resume(self, kept: Kept, gate: asyncio.Semaphore) -> None:
        name = kept.record.environment
        async with gate:
            try:
                if kept.record.is_going:
                    await self._destroy(name, 0.0)
                else:
                    await kept.resume()
            except Exception:  # noqa: BLE001 - logged; the others are not to suffer
                _log.exception("keeper.resume_failed", environment=name)

    async def stop(self) -> None:
        """Stop all processes; what is recorded starts again with the next keeper."""
        for task in self._resuming.values():
            task.cancel()
        await asyncio.gather(*(turns.give_up() for turns in self._turns.values()))
        await asyncio.gather(*(kept.stop(self.settings.stop_grace_s) for kept in self._kept.values()))
        await self._house.proxy.stop()

    # ------------------------------------------------------------ orders
    async def _take(self, environment: str, key: Key, fence: int, work: Callable[[], Awaitable[Any]]) -> Any:
        resuming = self._resuming.get(environment)
        if resuming:
            await asyncio.wait([resuming])
        turns = self._turns.setdefault(environment, Turns(environment, self._fences))
        return await turns.take(key, fence, work)

    def claim(self, environment: str, fence: int) -> None:
        """Raises StaleFence, or BadSpec for a name that is none."""
        check_name(environment)
        self._fences.claim(environment, fence)
        killpoint("keeper.fenced")

    def _kept_for(self, spec: Spec) -> Kept:
        return self._kept.setdefault(spec.environment, Kept(self._house, Record(spec.environment, spec.slug)))

    def _is_doing(self, spec: Spec, *steps: str) -> bool:
        """Whether `spec` is further already: who takes over from another does not begin again what is under way."""
        turns = self._turns.get(spec.environment)
        return turns is not None and turns.is_doing(*((step, spec.generation) for step in steps))

    async def lay_out(self, spec: Spec, fence: int) -> None:
        check(spec)
        if self._is_doing(spec, "build", "start"):
            return
        await self._take(spec.environment, ("lay_out", spec.generation), fence, lambda: self._kept_for(spec).lay_out(spec))

    async def build(self, spec: Spec, fence: int) -> None:
        check(spec)
        if self._is_doing(spec, "start"):
            return
        await self._take(spec.environment, ("build", spec.generation), fence, lambda: self._kept_for(spec).build(spec))

    async def begin(self, spec: Spec, fence: int) -> Access:
        check(spec)
        work = lambda: self._kept_for(spec).start(spec)  # noqa: E731 - as its neighbours
        access: Access = await self._take(spec.environment, ("start", spec.generation), fence, work)
        return access

    async def abandon(self, environment: str, generation: int, fence: int) -> None:
        """`generation` is wanted no more: stop making it. What runs goes on."""
        turns, kept = self._turns.get(environment), self._kept.get(environment)
        if kept and (kept.is_making(generation) or (turns and turns.is_at(generation))):
            await self._take(environment, ("abandon", generation), fence, kept.discard)

    async def restart(self, environment: str, service: str | None, fence: int, number: int) -> None:
        async def work() -> None:
            killpoint("keeper.restart.before")
            kept = self._kept.get(environment)
            if not kept:
                raise EngineFailed(StageName.STARTING, "nothing of it runs", code="not_running")
            await kept.restart(service, number)

        await self._take(environment, ("restart", f"{number} {service or ''}"), fence, work)

    async def pause(self, environment: str, fence: int) -> None:
        async def work() -> None:
            if kept := self._kept.get(environment):
                await kept.pause(self.settings.stop_grace_s)

        await self._take(environment, ("pause", ""), fence, work)

    async def seed(self, environment: str, dataset: Dataset | None, fence: int, number: int) -> None:
        async def work() -> None:
            if dataset:
                await seed(self._kept.get(environment), dataset, number)

        await self._take(environment, ("seed", f"{number} {dataset.name}" if dataset else None), fence, work)

    async def destroy(self, environment: str, fence: int, grace_s: float | None = None) -> None:
        grace = self.settings.stop_grace_s if grace_s is None else grace_s
        await self._take(environment, Turns.LAST, fence, lambda: self._destroy(environment, grace))

    async def _destroy(self, environment: str, grace_s: float) -> None:
        kept = self._kept.get(environment)
        if kept:
            await kept.destroy(grace_s)
            self._kept.pop(environment, None)
            _log.info("keeper.destroyed", environment=environment)

    # ------------------------------------------------------------ looking
    async def read(self, source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        check_name(source.project)
        return await self._house.mirrors.read(source, paths)

    async def observe(self) -> tuple[Observed, ...]:
        def all_of_them() -> Iterator[Observed]:
            self._house.proxy.visits.look()
            for name, kept in sorted(self._kept.items()):
                yield kept.observed(self._fences.highest(name))

        return await asyncio.to_thread(lambda: tuple(all_of_them()))

    async def logs(self, environment: str, service: str | None, lines: int) -> tuple[LogLine, ...]:
        kept = self._kept.get(environment)
        return await asyncio.to_thread(kept.logs, service, lines) if kept else ()

    async def health(self) -> Health:
        problems = []
        if not await self._house.proxy.is_up():
            problems.append(f"the proxy is not up on port {self.settings.proxy_port}")
        return Health(tuple(problems), len(self._kept), self._protection)


async def _only_one(settings: KeeperSettings) -> Any:
    """Hold the lock of this data folder as long as the returned file lives. Raises KeeperCannotStart."""
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (settings.folder / "keeper.lock").open("w")
    until = asyncio.get_running_loop().time() + _LOCK_WITHIN_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if asyncio.get_running_loop().time() > until:
                file.close()
                raise KeeperCannotStart(f"another keeper works in {settings.folder}") from None
            await asyncio.sleep(0.05)
        else:
            return file


async def serve(settings: KeeperSettings, beside: Callable[[], AbstractAsyncContextManager[object]] = contextlib.nullcontext) -> None:
    """Keep environments, and whatever lives `beside` them, until SIGTERM or SIGINT. Raises KeeperCannotStart."""
    from provisioner.keeper_api import listen  # noqa: PLC0415 - it needs the Keeper above

    lock = await _only_one(settings)
    keeper = Keeper(settings)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    try:
        await keeper.start()
        async with beside(), listen(keeper, settings.socket_path):
            _log.info("keeper.ready", socket=str(settings.socket_path))
            await over.wait()
    finally:
        await keeper.stop()
        lock.close()
