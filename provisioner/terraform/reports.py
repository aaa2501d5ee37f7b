"""Reports of progress for what is done within something else."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine import Report, StageName


@dataclass(frozen=True)
class Begun:
    """For the engine within: its first stage has begun already."""

    report: Report

    async def begin(self, stage: StageName) -> None:
        if stage is not StageName.PROVISIONING:
            await self.report.begin(stage)

    async def end(self, stage: StageName) -> None:
        await self.report.end(stage)

    async def count(self, stage: StageName, done: int, of: int, doing: str = "") -> None:
        await self.report.count(stage, done, of, doing)


class Quiet:
    """What nobody asked for is told to nobody: what ran before is put back."""

    async def begin(self, stage: StageName) -> None: ...

    async def end(self, stage: StageName) -> None: ...

    async def count(self, stage: StageName, done: int, of: int, doing: str = "") -> None: ...
