"""Several engines as one: a project has its own, and an environment stays with the one that made it, whatever its project has by now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from provisioner.engine import (
    Access,
    Bare,
    Dataset,
    Engine,
    EngineUnavailable,
    LogLine,
    LooksInto,
    Observed,
    Pattern,
    Preparing,
    Remembering,
    Report,
    RunsTilt,
    Source,
    Spec,
)

MadeBy = Callable[[str], Awaitable[str | None]]
"""The name of the engine of an environment or a spare, by its id; None where there is no row of it."""


@dataclass(frozen=True)
class Choice:
    """Names of engines: each project's, and the usual one, which a project that is not configured any more has."""

    of_projects: Mapping[str, str]
    usual: str

    def of(self, project: str) -> str:
        return self.of_projects.get(project, self.usual)


class EngineByProject(Engine):
    """`engines` by name, the keeper's first; `made_by` is asked for whatever is there already."""

    def __init__(self, engines: Mapping[str, Engine], choice: Choice, made_by: MadeBy) -> None:
        self._engines, self._choice, self._made_by = engines, choice, made_by

    async def aclose(self) -> None:
        for each in self._engines.values():
            if close := getattr(each, "aclose", None):
                await close()

    def _named(self, name: str) -> Engine:
        if name in self._engines:
            return self._engines[name]
        raise EngineUnavailable(f"it was made by {name}, which is not configured any more: configure it again, if only to take it down")

    def _of_project(self, project: str) -> Engine:
        return self._named(self._choice.of(project))

    async def _of(self, environment: str) -> Engine:
        return self._named(await self._made_by(environment) or self._choice.usual)

    # ------------------------------------------------------------ by project
    async def read(self, source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        return await self._of_project(source.project).read(source, paths)

    def runs_tilt(self, project: str) -> bool:
        engine = self._of_project(project)
        return isinstance(engine, RunsTilt) and engine.runs_tilt(project)

    async def pattern(self, project: str) -> Pattern | None:
        name = self._choice.of(project)
        engine = self._named(name)
        found = await engine.pattern(project) if isinstance(engine, Preparing) else None
        return replace(found, engine=name) if found else None

    # ------------------------------------------------------------ by what is there
    async def prepare(self, bare: Bare, fence: int) -> None:
        engine = await self._of(bare.environment)
        if not isinstance(engine, Preparing):
            raise EngineUnavailable(f"nothing of {bare.project} can be made before somebody asks for it")
        await engine.prepare(bare, fence)

    async def apply(self, spec: Spec, fence: int, report: Report) -> Access:
        return await (await self._of(spec.environment)).apply(spec, fence, report)

    async def restart(self, environment: str, service: str | None, fence: int, number: int = 0) -> None:
        await (await self._of(environment)).restart(environment, service, fence, number)

    async def abandon(self, environment: str, generation: int, fence: int) -> None:
        await (await self._of(environment)).abandon(environment, generation, fence)

    async def pause(self, environment: str, fence: int) -> None:
        await (await self._of(environment)).pause(environment, fence)

    async def seed(self, environment: str, dataset: Dataset | None, fence: int, number: int) -> None:
        await (await self._of(environment)).seed(environment, dataset, fence, number)

    async def look(self, environment: str) -> None:
        engine = await self._of(environment)
        if isinstance(engine, LooksInto):
            await engine.look(environment)

    async def destroy(self, environment: str, fence: int, grace_s: float | None = None) -> None:
        """What no row tells of any more is taken down by all of them: already gone is success."""
        name = await self._made_by(environment)
        for engine in [self._named(name)] if name else self._engines.values():
            await engine.destroy(environment, fence, grace_s)

    async def logs(self, environment: str, service: str | None, tail: int) -> tuple[LogLine, ...]:
        return await (await self._of(environment)).logs(environment, service, tail)

    # ------------------------------------------------------------ by all
    async def observe(self) -> tuple[Observed, ...]:
        """Each environment once: what the keeper runs for another engine is seen by both, and is that one's."""
        found: dict[str, Observed] = {}
        for name, engine in self._engines.items():
            for each in await engine.observe():
                found[each.environment] = replace(each, engine=name)
        return tuple(found.values())

    async def remembered(self, environment: str) -> Observed | None:
        for name, engine in self._engines.items():
            if isinstance(engine, Remembering) and (known := await engine.remembered(environment)):
                return replace(known, engine=name)
        return None
