"""One environment as the keeper keeps it: the steps that change it, each of which may be cut off anywhere and taken again."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from processes import CannotStart, killpoint, start, tail
from provisioner.engine import Access, Address, EngineFailed, LogLine, Observed, Service, Spec, StageName
from provisioner.folders import remove_folder
from provisioner.proxy import PAUSED
from provisioner.records import Pending, Record, label
from provisioner.services import LOG_LINES, Services

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.house import House

_LOGS_KEPT = 3  # generations
_PROXY_WITHIN_S = 10.0


class Kept:
    """An environment. The caller sees to it that one step runs at a time."""

    def __init__(self, house: House, record: Record) -> None:
        self.house, self.record = house, record
        self.services: Services | None = None
        self._old: dict[Services, asyncio.Task[None]] = {}

    @property
    def _folder(self) -> Path:
        return self.house.records.folder(self.record.environment)

    def _save(self, record: Record) -> None:
        self.house.records.save(record)
        self.record = record

    def _runs(self, spec: Spec) -> bool:
        return self.services is not None and self.services.spec.generation == spec.generation

    def is_making(self, generation: int) -> bool:
        return self.record.pending is not None and self.record.pending.spec.generation == generation

    # ------------------------------------------------------------ making
    async def lay_out(self, spec: Spec) -> None:
        """Have the code of `spec` in its worktree."""
        pending = self.record.pending
        if self._runs(spec) or (pending and pending.is_laid_out and pending.spec == spec):
            return
        await self.discard()
        self._save(replace(self.record, slug=spec.slug, pending=Pending(spec), is_going=False, is_paused=False))
        if self.services is None:
            self.house.proxy.lead(spec.slug, None)
        rooms = self.house.rooms(spec)
        killpoint("keeper.worktree.before")
        try:
            await self.house.mirrors.check_out(spec.source, rooms.code)
            killpoint("keeper.worktree.after")
            await remove_folder(rooms.logs)
            for folder in (rooms.home, rooms.tmp, rooms.logs):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except BaseException:
            await self.discard()
            raise
        self._save(replace(self.record, pending=Pending(spec, is_laid_out=True)))
        killpoint("keeper.laid_out")

    async def build(self, spec: Spec) -> None:
        """Run the builds that are not done yet."""
        await self.lay_out(spec)
        until = asyncio.get_running_loop().time() + spec.build_within_s
        for service in spec.services:
            pending = self.record.pending
            if pending is None or not service.build or service.name in pending.built:
                continue
            killpoint("keeper.build.before")
            try:
                await self._build(spec, service, service.build, until - asyncio.get_running_loop().time())
            except BaseException:
                await self.discard()
                raise
            self._save(replace(self.record, pending=replace(pending, built=(*pending.built, service.name))))
            killpoint("keeper.build.after")

    async def _build(self, spec: Spec, service: Service, line: str, within_s: float) -> None:
        site = self.house.site(spec)
        try:
            child = await start(site.order(service, line, {}))
        except CannotStart as problem:
            raise EngineFailed(StageName.CONFIGURING, f"the build of {service.name} cannot be started: {problem}") from problem
        reason = None
        try:
            async with asyncio.timeout(within_s):
                ended = await child.wait()
            if not ended.is_success:
                reason = ended.sentence(site.bounds)
        except TimeoutError:
            reason = f"did not end within {spec.build_within_s:g} s"
        finally:
            if child.is_running:
                await child.stop(1.0)
        if reason:
            raise EngineFailed(
                StageName.CONFIGURING, f"the build of {service.name} {reason}", tail(site.rooms.log(service.name), LOG_LINES)
            )

    async def start(self, spec: Spec) -> Access:
        """Have `spec` running and led to. What ran before goes on until then, and for good when this fails."""
        if self._runs(spec) and self.services:
            await self.services.until_healthy()
            return self._access(self.services)
        await self.build(spec)
        killpoint("keeper.start.before")
        new = Services(self.house.site(spec), self.house.proxy.lead)
        try:
            await new.start()
            await self.house.proxy.until_up(_PROXY_WITHIN_S)
        except BaseException:
            await new.stop(0.0)
            await self.discard()
            raise
        killpoint("keeper.started.before_record")
        self._save(replace(self.record, slug=spec.slug, running=spec, pending=None, is_going=False, is_paused=False))
        killpoint("keeper.recorded.before_switch")
        old, self.services = self.services, new
        if old:
            old.is_leading = False  # should it only now become healthy, the names are no longer its own
        self._lead()
        killpoint("keeper.switched")
        if old:
            self._old[old] = asyncio.create_task(self._retire(old))
        return self._access(new)

    def _access(self, services: Services) -> Access:
        spec, first = services.spec, services.spec.services[0].name
        reached = [member.service.name for member in services.members if member.address or member.service.name == first]
        urls = tuple(Address(name, self.house.settings.url(label(spec, name))) for name in reached)
        return Access(spec.generation, spec.source.sha, urls)

    def _lead(self) -> None:
        """Turn the host names to the services of now; names that are no more lead nowhere."""
        if not self.services:
            return
        spec = self.services.spec
        self.services.is_leading = True
        wanted = {label(spec, member.service.name): member.address if member.is_healthy else None for member in self.services.members}
        for name, address in wanted.items():
            self.house.proxy.lead(name, address)
        for name in self.house.proxy.labels_of(spec.slug) - wanted.keys():
            self.house.proxy.forget(name)

    async def _retire(self, old: Services) -> None:
        await old.drain(self.house.settings.drain_s)
        await old.stop(self.house.settings.stop_grace_s)
        self._old.pop(old, None)
        await self._clear_rooms()
        killpoint("keeper.retired")

    async def discard(self) -> None:
        """Drop the generation that is being made; its logs stay to be looked at."""
        pending = self.record.pending
        if pending and not self._runs(pending.spec):
            self._save(replace(self.record, pending=None))
            await self._clear_rooms(pending.spec)

    async def _clear_rooms(self, *dropped: Spec) -> None:
        """Remove what belongs to no generation of now, and old logs; the mirrors forget the worktrees, those of `dropped` too."""
        wanted = {self.record.running, self.record.pending.spec if self.record.pending else None, *(each.spec for each in self._old)} - {
            None
        }
        kept = {room for spec in wanted if spec for room in (self.house.rooms(spec).code, self.house.rooms(spec).tmp)}
        for folder in (*self._folder.glob("code-*"), *self._folder.glob("tmp-*")):
            if folder not in kept:
                await remove_folder(folder)
        projects = {spec.source.project for spec in (*wanted, *dropped) if spec}
        for project in projects:
            await self.house.mirrors.prune(project)
        logs = sorted((self._folder / "logs").glob("*"), key=lambda folder: int(folder.name) if folder.name.isdigit() else -1)
        for folder in logs[:-_LOGS_KEPT]:
            await remove_folder(folder)

    # ------------------------------------------------------------ keeping, ending
    async def resume(self) -> None:
        """After the keeper's own death: drop what was half made, and start what should run."""
        pending = self.record.pending
        if pending and not pending.is_laid_out:
            self._save(replace(self.record, pending=None))
        await self._clear_rooms()
        self.house.proxy.lead(self.record.slug, PAUSED if self.record.is_paused else None)
        spec = self.record.running
        if spec:
            rooms = self.house.rooms(spec)
            if not (rooms.code / ".git").exists():
                await self.house.mirrors.check_out(spec.source, rooms.code)
            for folder in (rooms.home, rooms.tmp, rooms.logs):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.services = Services(self.house.site(spec), self.house.proxy.lead)
            self.services.resume()
            self._lead()

    async def restart(self, service: str | None, number: int) -> None:
        """`number` 0: in any case; else once."""
        if not self.services:
            raise EngineFailed(StageName.STARTING, "nothing of it runs", code="not_running")
        if number and number <= self.record.restarted:
            await self.services.until_healthy()
            return
        await self.services.restart(service)
        self._save(replace(self.record, restarted=max(number, self.record.restarted)))

    def mark_seeded(self, number: int) -> None:
        """The `number`th dataset is loaded: it is not again."""
        self._save(replace(self.record, seeded=max(number, self.record.seeded)))

    async def stop(self, grace_s: float) -> None:
        """Stop all processes, for good or until the next keeper."""
        for task in self._old.values():
            task.cancel()
        await asyncio.gather(*(each.stop(grace_s) for each in (*self._old, *([self.services] if self.services else ()))))
        self._old.clear()

    async def pause(self, grace_s: float) -> None:
        """Stop what runs. Its code and its builds stay, as those of a generation that waits for its start."""
        killpoint("keeper.pause.before")
        if running := self.record.running:
            await self.discard()
            built = tuple(service.name for service in running.services if service.build)
            self._save(replace(self.record, running=None, pending=Pending(running, is_laid_out=True, built=built), is_paused=True))
        killpoint("keeper.pause.recorded")
        if self.services:
            self.services.is_leading = False
        for name in self.house.proxy.labels_of(self.record.slug):
            self.house.proxy.lead(name, PAUSED)
        await self.stop(grace_s)
        self.services = None
        killpoint("keeper.pause.after")

    async def destroy(self, grace_s: float) -> None:
        """Stop and remove all of it."""
        killpoint("keeper.destroy.before")
        self._save(replace(self.record, is_going=True))
        killpoint("keeper.destroy.recorded")
        if self.services:
            self.services.is_leading = False
        for name in self.house.proxy.labels_of(self.record.slug):
            self.house.proxy.forget(name)
        await self.stop(grace_s)
        self.services = None
        killpoint("keeper.destroy.stopped")
        specs = (self.record.running, self.record.pending.spec if self.record.pending else None)
        for folder in self._folder.glob("code-*"):
            await remove_folder(folder)
        for project in {spec.source.project for spec in specs if spec}:
            await self.house.mirrors.prune(project)
        killpoint("keeper.destroy.removed")
        self.house.records.forget(self.record.environment)
        await remove_folder(self._folder)
        killpoint("keeper.destroy.after")

    # ------------------------------------------------------------ looking
    def observed(self, fence: int) -> Observed:
        services, pending = self.services, self.record.pending
        source = services.spec.source if services else pending.spec.source if pending else None
        return Observed(
            self.record.environment,
            self.record.slug,
            services.spec.generation if services else None,
            fence,
            source.sha if source else None,
            services.states() if services else (),
            self.house.proxy.visits.quiet_s(self.record.slug),
            source.project if source else "",
            source.ref if source else "",
        )

    def logs(self, service: str | None, lines: int) -> tuple[LogLine, ...]:
        """The last lines of what runs, else of what was tried last; of several services each has its share."""
        folders = [folder for folder in (self._folder / "logs").glob("*") if folder.name.isdigit()]
        if self.services:
            chosen = self.services.rooms.logs
        elif folders:
            chosen = max(folders, key=lambda folder: int(folder.name))
        else:
            return ()
        files = [file for file in sorted(chosen.glob("*.log")) if service in (None, file.stem)]
        share = max(1, lines // max(1, len(files)))
        with contextlib.suppress(OSError):
            return tuple(LogLine(file.stem, text) for file in files for text in tail(file, share))
        return ()
