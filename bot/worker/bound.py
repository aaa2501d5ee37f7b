"""What somebody wants at one commit only: before each step it is asked whether that is still the head; when it is not, nothing is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.context_ports import Forge, ForgeUnavailable, Runtime, RuntimeUnavailable
from bot.domain.environment import STALE_HEAD, Environment
from bot.domain.project import ForgeKind, Project
from bot.replies import typed
from provisioner.engine import EngineFailed, EngineUnavailable, Report, StageName


class Heads:
    """Where the head of an environment's branch is now: for a fork's, what the forge says of its request."""

    def __init__(self, runtime: Runtime, forges: Mapping[ForgeKind, Forge]) -> None:
        self._runtime = runtime
        self._forges = forges

    async def of(self, environment: Environment, project: Project) -> str | None:
        """None when there is none any more: the branch is gone, or the request is closed. Raises EngineUnavailable."""
        try:
            if not environment.is_fork:
                return await self._runtime.head(project, environment.ref)
            forge = self._forges.get(project.forge)
            request = await forge.change_request(project, environment.request) if forge and environment.request else None
        except (ForgeUnavailable, RuntimeUnavailable) as error:
            raise EngineUnavailable(f"asking for the head of {environment.branch}: {error}") from error
        is_it = request is not None and request.is_open and request.source_id == environment.source_id and request.ref == environment.ref
        return request.sha if request and is_it else None

    async def must_be_at(self, environment: Environment, project: Project, stage: StageName) -> None:
        """Raises EngineFailed `stale_head` when what is to be made is bound to a commit that is not the head any more."""
        if not environment.is_bound or environment.is_settled:
            return
        head = await self.of(environment, project)
        if head != environment.sha:
            raise EngineFailed(stage, _moved(environment, head), code=STALE_HEAD)


@dataclass
class Bound:
    """A Report that looks at the head before each stage begins."""

    report: Report
    heads: Heads
    environment: Environment
    project: Project

    async def begin(self, stage: StageName) -> None:
        await self.heads.must_be_at(self.environment, self.project, stage)
        await self.report.begin(stage)

    async def end(self, stage: StageName) -> None:
        await self.report.end(stage)

    async def count(self, stage: StageName, done: int, of: int, doing: str = "") -> None:
        await self.report.count(stage, done, of, doing)


def _moved(environment: Environment, head: str | None) -> str:
    wanted = environment.sha[:12]
    if head is None:
        return f"it was wanted at {wanted} only, and its branch or request is not open any more"
    line = f"{typed('update', environment)} --sha {head[:12]}"
    return f"it was wanted at {wanted} only, and its head is {head[:12]} by now. Look at that one, then say: {line}"
