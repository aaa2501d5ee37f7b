"""The running services of one generation of an environment."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from processes import Bounds, CannotStart, Exit, Order, Sandbox, Supervised, environ, tail
from processes.tree import cpu_seconds, family, private_bytes
from provisioner.engine import EngineFailed, Service, ServiceState, Spec, StageName
from provisioner.health import NotHealthy, until_healthy
from provisioner.line import argv_of
from provisioner.ports import connections, free_ports, is_ours
from provisioner.records import label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from processes import Child
    from provisioner.settings import KeeperSettings

LOG_LINES = 40
_PORT_TRIES = 3
_FOREVER_S = 10.0**9
_IN_USE = re.compile(r"address already in use|EADDRINUSE|errno 98\b|errno 48\b", re.IGNORECASE)
_TAKEN: set[int] = set()  # ports handed out by this process


@dataclass(frozen=True)
class Rooms:
    """The folders of one generation, and what hides and shows around them."""

    code: Path
    home: Path
    tmp: Path
    logs: Path
    mirror: Path

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"


@dataclass(frozen=True)
class Site:
    """Where and what one generation is."""

    settings: KeeperSettings
    spec: Spec
    rooms: Rooms

    @property
    def bounds(self) -> Bounds:
        """Of each service."""
        return Bounds(self.spec.limits.memory_mb, self.spec.limits.processes)

    def order(self, service: Service, line: str, more: dict[str, str]) -> Order:
        """A command line of a service, as a child: `more` is what it gets over its own variables."""
        env = environ({"HOME": str(self.rooms.home)}, passed=self.settings.passed)
        sandbox = None
        if self.settings.sandbox != "off":
            visible = (*self.settings.visible_to_services(), self.rooms.mirror)
            sandbox = Sandbox((self.rooms.code, self.rooms.home), self.rooms.tmp, self.settings.hidden_from_services(), visible)
        spec = self.spec
        ours = {"TRELLIS_SLUG": spec.slug, "TRELLIS_URL": self.settings.url(spec.slug), "TRELLIS_SHA": spec.source.sha}
        return Order(
            argv_of(line),
            self.rooms.code,
            {**env, **dict(service.env), **ours, **more},
            log=self.rooms.log(service.name),
            bounds=self.bounds,
            sandbox=sandbox,
            mark=self.settings.mark,
        )


def siblings(ports: Mapping[str, int], url: Callable[[str], str]) -> dict[str, str]:
    """What every service is told of where the others are, by their names; `url` is how people reach one."""
    told: dict[str, str] = {}
    for name, port in ports.items():
        word = f"TRELLIS_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"
        told |= {f"{word}_URL": f"http://127.0.0.1:{port}", f"{word}_HOST": "127.0.0.1", f"{word}_PORT": str(port)}
        told[f"{word}_PUBLIC_URL"] = url(name)
    return told


class Member:
    """One service: its process, its port, and whether it is healthy. `turn` is called with its address each time it becomes so."""

    def __init__(self, service: Service, port: int, order: Order, turn: Callable[[Member], None]) -> None:
        self.service, self.port = service, port
        self.address: str | None = None
        self.is_healthy = False
        self.early: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._turn = turn
        self._watch: asyncio.Task[None] | None = None
        self.process = Supervised(order, on_exit=self._on_exit, on_start=self._on_start)

    async def _on_start(self, child: Child) -> None:
        self._watch = asyncio.create_task(self.become_healthy(child.pid, _FOREVER_S))
        self._watch.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _on_exit(self, exit_: Exit) -> None:
        self.is_healthy = False
        if self._watch:
            self._watch.cancel()
        if not self.early.done():
            self.early.set_result(exit_)

    async def become_healthy(self, pid: int, within_s: float) -> None:
        self.address = await until_healthy(self.port, self.service.health, within_s, lambda: is_ours(self.port, pid))
        self.is_healthy = True
        self._turn(self)

    async def until_healthy(self, within_s: float, bounds: Bounds) -> str | None:
        """None when it is healthy, else what it did instead."""
        if self._watch is None:
            return f"{self.service.name} is not running"
        both: set[asyncio.Future[Any]] = {self._watch, self.early}
        await asyncio.wait(both, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if self.early.done():
            return f"{self.service.name} {self.early.result().sentence(bounds)}"
        if self.is_healthy:
            return None
        try:
            await until_healthy(self.port, self.service.health, 0.0, lambda: True)
        except NotHealthy as problem:
            return f"{self.service.name} did not answer 200 on {self.service.health} within {within_s:g} s ({problem})"
        return f"{self.service.name} became healthy only after {within_s:g} s"

    async def stop(self, grace_s: float) -> None:
        if self._watch:
            self._watch.cancel()
        await self.process.stop(grace_s)
        self.is_healthy = False

    def state(self) -> ServiceState:
        pid = self.process.pid
        memory_mb = cpu_s = None
        if pid:
            processes = family(pid)
            memory_mb = round(sum(map(private_bytes, processes)) / 1024 / 1024, 1)
            cpu_s = round(sum(map(cpu_seconds, processes)), 2)
        return ServiceState(self.service.name, self.is_healthy and pid is not None, self.process.restarts, pid, memory_mb, cpu_s)


class Services:
    """All services of one generation. `lead(label, address)` is called for each healthy one once `is_leading`."""

    def __init__(self, site: Site, lead: Callable[[str, str | None], None]) -> None:
        self.site = site
        self.settings, self.spec, self.rooms = site.settings, site.spec, site.rooms
        self.is_leading = False
        self.given: dict[str, str] = {}  # variables that each of them has over its own
        self.members: list[Member] = []
        self._lead = lead

    def _prepare(self) -> None:
        services = self.spec.services
        self._release()
        ports = dict(zip((service.name for service in services), free_ports(len(services), _TAKEN), strict=True))
        told = siblings(ports, lambda name: self.settings.url(label(self.spec, name)))
        self.given = {**told, **dict(self.spec.secrets)}
        self.members = [
            Member(each, ports[each.name], self.site.order(each, each.run, {**self.given, "PORT": str(ports[each.name])}), self._healthy)
            for each in services
        ]

    def _release(self) -> None:
        _TAKEN.difference_update(member.port for member in self.members)

    def _healthy(self, member: Member) -> None:
        if self.is_leading:
            self._lead(label(self.spec, member.service.name), member.address)

    async def start(self) -> None:
        """Start all and return when all are healthy. Raises EngineFailed, and then nothing of it runs."""
        try:
            for left in reversed(range(_PORT_TRIES)):
                self._prepare()
                problem = await self._try()
                if problem is None:
                    return
                if left and self._lost_a_port():
                    await self.stop(0.0)
                    continue
                self._fail(*problem)
        except BaseException:
            await self.stop(min(1.0, self.settings.stop_grace_s))
            raise

    async def _try(self) -> tuple[Member, str] | None:
        """None when all are healthy, else the first that is not, and why."""
        for member in self.members:
            try:
                await member.process.start()
            except CannotStart as problem:
                return member, f"{member.service.name} cannot be started: {problem}"
        waits = {asyncio.create_task(each.until_healthy(self.spec.ready_within_s, self.site.bounds)): each for each in self.members}
        try:
            for task in asyncio.as_completed(waits):
                await task
                failed = next(((member, reason) for each, member in waits.items() if each.done() and (reason := each.result())), None)
                if failed:
                    return failed
        finally:
            for each in waits:
                each.cancel()
        return None

    def _lost_a_port(self) -> bool:
        """Somebody else was faster with a port of ours: the branch cannot help it."""
        return any(
            member.early.done() and _IN_USE.search("\n".join(tail(self.rooms.log(member.service.name), LOG_LINES)))
            for member in self.members
        )

    def resume(self) -> None:
        """Start all again after our own death: they were healthy once, so they are kept until they are again."""
        self._prepare()
        self.is_leading = True
        for member in self.members:
            member.process.keep()

    async def until_healthy(self) -> None:
        """Raises EngineFailed when one is not healthy in time."""
        until = asyncio.get_running_loop().time() + self.spec.ready_within_s
        while unwell := [member for member in self.members if not member.is_healthy]:
            if asyncio.get_running_loop().time() > until:
                self._fail(unwell[0], f"{unwell[0].service.name} did not become healthy within {self.spec.ready_within_s:g} s")
            await asyncio.sleep(0.02)

    def _fail(self, member: Member, reason: str) -> NoReturn:
        raise EngineFailed(StageName.STARTING, reason, tail(self.rooms.log(member.service.name), LOG_LINES))

    async def restart(self, service: str | None) -> None:
        """Stop and start one or all, each on its old port. Raises EngineFailed when one does not become healthy again."""
        chosen = [member for member in self.members if service in (None, member.service.name)]
        if not chosen:
            names = ", ".join(member.service.name for member in self.members)
            raise EngineFailed(StageName.STARTING, f"there is no service {service}; there are: {names}", code="no_such_service")
        try:
            await asyncio.gather(*(member.stop(self.settings.stop_grace_s) for member in chosen))
            for member in chosen:
                member.early = asyncio.get_running_loop().create_future()
                try:
                    await member.process.start()
                except CannotStart as problem:
                    self._fail(member, f"{member.service.name} cannot be started: {problem}")
            for member in chosen:
                reason = await member.until_healthy(self.spec.ready_within_s, self.site.bounds)
                if reason:
                    self._fail(member, reason)
        finally:
            for member in chosen:
                member.process.keep()  # whatever came between, it is meant to run

    async def drain(self, within_s: float) -> None:
        """Wait until nobody is connected any more."""
        until = asyncio.get_running_loop().time() + within_s
        quiet = 0
        while quiet < 3 and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.1)
            counts = await asyncio.to_thread(lambda: [connections(member.port) for member in self.members])
            quiet = 0 if any(counts) else quiet + 1

    async def stop(self, grace_s: float) -> None:
        await asyncio.gather(*(member.stop(grace_s) for member in self.members))
        self._release()

    def states(self) -> tuple[ServiceState, ...]:
        return tuple(member.state() for member in self.members)
