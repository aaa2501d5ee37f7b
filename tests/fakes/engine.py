"""A stateful engine and git in memory: what runs is a dictionary, faults are knobs."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.engine import (
    Access,
    Address,
    Bare,
    Dataset,
    EngineFailed,
    EngineUnavailable,
    LogLine,
    Observed,
    Pattern,
    Report,
    ServiceState,
    Source,
    Spec,
    StageName,
    StaleFence,
)

if TYPE_CHECKING:
    from collections.abc import Callable

WEB = b"version: 1\nservices:\n  web:\n    run: python3 app.py\n"


@dataclass
class FakeRepositories:
    """Branches by clone address; `merged` are commits on a default branch besides its head, and when they were made. `files` are by SHA; a commit without any has a `.dev-env.yaml` with one service."""

    branches: dict[str, Callable[[], dict[str, str]]] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    merged: dict[str, dict[str, float]] = field(default_factory=dict)
    is_down: bool = False

    async def merged_at(self, clone_url: str, branch: str, sha: str) -> float | None:
        is_head = await self.head(clone_url, f"refs/heads/{branch}") == sha
        return self.merged.get(clone_url, {}).get(sha, 1.0 if is_head else None)

    async def head(self, clone_url: str, ref: str) -> str | None:
        return (await self.heads(clone_url)).get(ref)

    async def heads(self, clone_url: str) -> dict[str, str]:
        if self.is_down:
            raise EngineUnavailable("asking for branches: no route to host")
        return {f"refs/heads/{name}": sha for name, sha in self.branches[clone_url]().items()}


class FakeEngine:
    """`running` is what runs; `applied` every spec that ever became ready, in order; `gate` holds `apply` back while it is closed, `pause_gate` `pause`."""

    def __init__(self, repositories: FakeRepositories) -> None:
        self._repositories = repositories
        self.running: dict[str, Spec] = {}
        self.applied: list[Spec] = []
        self.destroyed: list[str] = []
        self.restarts: list[tuple[str, str | None]] = []
        self.seeded: list[tuple[str, Dataset]] = []
        self.unseeded: list[str] = []
        self.seed_gate = asyncio.Event()
        self.seed_gate.set()
        self.seed_failures: deque[Exception] = deque()
        self.paused: list[str] = []
        self.quiet_s: float | None = None
        self.abandoned: list[tuple[str, int]] = []
        self.fences: dict[str, int] = {}
        self.failures: deque[Exception] = deque()
        self.log: tuple[LogLine, ...] = ()
        self.gate = asyncio.Event()
        self.gate.set()
        self.reached = asyncio.Event()
        self.pause_gate = asyncio.Event()
        self.pause_gate.set()
        self.pausing = asyncio.Event()
        self.made_of = "image-1"
        self.counted: tuple[int, int, str] | None = None  # how far its last stage is said to be
        self.upstream = ""
        self.prepared: dict[str, Bare] = {}
        self.from_spares: list[str] = []
        self.memory: dict[str, Observed] = {}

    def fail_next(self, reason: str, *log: str, stage: StageName = StageName.STARTING) -> None:
        self.failures.append(EngineFailed(stage, reason, log))

    def be_away(self, times: int) -> None:
        self.failures.extend(EngineUnavailable("the keeper does not answer") for _ in range(times))

    def _fenced(self, environment: str, fence: int) -> None:
        if fence < self.fences.get(environment, 0):
            raise StaleFence(environment)
        self.fences[environment] = fence

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.popleft()

    async def read(self, source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        files = self._repositories.files.get(source.sha, {".dev-env.yaml": WEB})
        return {path: files[path] for path in paths if path in files}

    async def pattern(self, project: str) -> Pattern:
        return Pattern("local", self.made_of)

    async def prepare(self, bare: Bare, fence: int) -> None:
        self._fenced(bare.environment, fence)
        self._fail()
        self.prepared[bare.environment] = bare

    async def apply(self, spec: Spec, fence: int, report: Report) -> Access:
        self._fenced(spec.environment, fence)
        for stage in StageName:
            await report.begin(stage)
            if stage is StageName.STARTING:
                if self.counted:
                    await report.count(stage, *self.counted)
                self.reached.set()
                await self.gate.wait()
                self._fail()
            await report.end(stage)
        self._fenced(spec.environment, fence)
        if self.prepared.pop(spec.environment, None):
            self.from_spares.append(spec.environment)
        self.running[spec.environment] = spec
        self.applied.append(spec)
        hosts = [spec.slug, *(f"{service.name}--{spec.slug}" for service in spec.services[1:])]
        urls = tuple(Address(service.name, f"http://{host}.localhost:8780") for service, host in zip(spec.services, hosts, strict=True))
        return Access(spec.generation, spec.source.sha, urls, self.upstream)

    async def restart(self, environment: str, service: str | None, fence: int, number: int = 0) -> None:
        self._fenced(environment, fence)
        self._fail()
        self.restarts.append((environment, service))

    async def seed(self, environment: str, dataset: Dataset | None, fence: int, number: int) -> None:
        self._fenced(environment, fence)
        if dataset is None:
            self.unseeded.append(environment)
            return
        await self.seed_gate.wait()
        if self.seed_failures:
            raise self.seed_failures.popleft()
        self.seeded.append((environment, dataset))

    async def abandon(self, environment: str, generation: int, fence: int) -> None:
        self._fenced(environment, fence)
        self.abandoned.append((environment, generation))

    async def pause(self, environment: str, fence: int) -> None:
        self._fenced(environment, fence)
        self._fail()
        self.pausing.set()
        await self.pause_gate.wait()
        self.running.pop(environment, None)
        self.paused.append(environment)

    async def destroy(self, environment: str, fence: int, grace_s: float | None = None) -> None:
        self._fenced(environment, fence)
        self._fail()
        self.running.pop(environment, None)
        self.prepared.pop(environment, None)
        self.destroyed.append(environment)

    async def observe(self) -> tuple[Observed, ...]:
        return tuple(
            Observed(
                id_,
                spec.slug,
                spec.generation,
                self.fences[id_],
                spec.source.sha,
                (ServiceState("web", True, 0, 1),),
                self.quiet_s,
                spec.source.project,
                spec.source.ref,
            )
            for id_, spec in self.running.items()
        ) + tuple(Observed(id_, bare.slug, None, self.fences[id_], "", (), None, bare.project, "") for id_, bare in self.prepared.items())

    async def remembered(self, environment: str) -> Observed | None:
        return self.memory.get(environment)

    async def logs(self, environment: str, service: str | None, tail: int) -> tuple[LogLine, ...]:
        return tuple(line for line in self.log if service in {None, line.service})[-tail:]
