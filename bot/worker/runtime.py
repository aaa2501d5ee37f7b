"""What handlers ask of git and of the engine, in the words of the ports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from bot.context_ports import RuntimeUnavailable
from bot.domain import devenv
from bot.domain.continuity import Feed, NotKnown
from bot.domain.devenv import FILE, FILES, ConfigProblem, DevEnv
from bot.domain.devenv_wishes import reads_tilt_args
from bot.domain.procfile import FILE as PROCFILE
from bot.domain.project import Project
from bot.domain.trading import USUAL, Offer
from bot.redaction import KNOWN
from bot.worker.market_feed import Certificates, FeedUnavailable
from bot.worker.offering import Offering
from bot.worker.spec import config_of, runs_tilt, source_of
from provisioner.engine import Engine, EngineFailed, EngineUnavailable, Repositories

_PATIENCE_S = 4.0


class EngineRuntime:
    """Fills `bot.context.Runtime`."""

    def __init__(
        self,
        engine: Engine,
        repositories: Repositories,
        offer: Offer = USUAL,
        now: Callable[[], float] = time.time,
        market: Certificates | None = None,
    ) -> None:
        self._engine = engine
        self._repositories = repositories
        self._offering, self._now, self._market = Offering(offer, market), now, market

    async def heads(self, project: Project) -> Mapping[str, str]:
        try:
            return await self._repositories.heads(project.clone_url)
        except EngineUnavailable as error:
            raise RuntimeUnavailable(str(error)) from error

    async def head(self, project: Project, ref: str) -> str | None:
        try:
            return await self._repositories.head(project.clone_url, ref)
        except EngineUnavailable as error:
            raise RuntimeUnavailable(str(error)) from error

    async def merged_at(self, project: Project, sha: str) -> float | None:
        try:
            return await self._repositories.merged_at(project.clone_url, project.default_branch, sha)
        except EngineUnavailable as error:
            raise RuntimeUnavailable(str(error)) from error

    async def logs(self, environment_id: str, service: str | None, tail: int) -> Sequence[tuple[str, str]]:
        try:
            found = await self._engine.logs(environment_id, service, tail)
        except EngineUnavailable as error:
            raise RuntimeUnavailable(str(error)) from error
        shown = KNOWN.lines([line.text for line in found])  # whoever writes a secret of ours to a log shows it to everybody who may look
        return [(line.service, text) for line, text in zip(found, shown, strict=True)]

    async def feed(self, environment_id: str) -> Feed:
        if self._market is None:
            return NotKnown("nobody here asks the feeds")
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._market.certificate(environment_id)
        except FeedUnavailable as error:
            return NotKnown(str(error))
        except TimeoutError:
            return NotKnown("the feeds do not answer")

    async def config(self, project: Project, ref: str, sha: str) -> DevEnv | tuple[ConfigProblem, ...]:
        try:
            files = await self._engine.read(source_of(project, ref, sha), FILES)
        except EngineFailed as error:
            return (ConfigProblem(error.code, KNOWN.text(error.reason)),)
        except EngineUnavailable as error:
            raise RuntimeUnavailable(str(error)) from error
        offer = await self._offering.now(files.get(FILE))
        return devenv.read(files.get(FILE), files.get(PROCFILE), offer, self._now(), runs_tilt=runs_tilt(self._engine, project.key))

    async def reads_tilt_args(self, project: Project, ref: str, sha: str) -> bool:
        """A configuration that cannot be read reads nothing; its faults are told when it is run."""
        if runs_tilt(self._engine, project.key):
            return True
        try:
            return reads_tilt_args(config_of(await self._engine.read(source_of(project, ref, sha), FILES), self._offering.offer).services)
        except EngineFailed:
            return False
        except EngineUnavailable as error:
            raise RuntimeUnavailable(str(error)) from error
