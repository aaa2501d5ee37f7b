"""The local engine: environments on this machine, through the keeper's socket."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Self, TypeVar

import aiohttp
import msgspec

from processes import reachable
from provisioner.engine import (
    Access,
    Dataset,
    Engine,
    EngineUnavailable,
    LogLine,
    Observed,
    Report,
    Source,
    Spec,
    StageName,
)
from provisioner.wire import BEAT_S, Answer, Ask, Health, value_of

if TYPE_CHECKING:
    from pathlib import Path

_T = TypeVar("_T")
_SILENT_S = BEAT_S * 6
_CONNECT_S = 5.0

__all__ = ["Health", "LocalEngine"]


class LocalEngine(Engine):
    """A client of the keeper at the unix socket `path`. Close it with `aclose`."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _post(self, step: str, ask: Ask, type_: type[_T]) -> _T:
        """Ask the keeper for a step. Raises what the keeper answers, EngineUnavailable when it does not."""
        if self._session is None:
            if not self._path.parent.is_dir():
                raise EngineUnavailable("the keeper is not running")
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENT_S)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(reachable(self._path), limit=0, force_close=True), timeout=timeout
            )
        try:
            async with self._session.post(f"http://keeper/{step}", data=msgspec.json.encode(ask)) as response:
                answer = msgspec.json.decode((await response.read()).strip(), type=Answer)
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError) as problem:
            raise EngineUnavailable(f"the keeper does not answer ({type(problem).__name__})") from problem
        return msgspec.json.decode(value_of(answer), type=type_)

    async def read(self, source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        found = await self._post("read", Ask(source=source, paths=paths), dict[str, str])
        return {path: base64.b64decode(data) for path, data in found.items()}

    async def apply(self, spec: Spec, fence: int, report: Report) -> Access:
        ask = Ask(environment=spec.environment, spec=spec, fence=fence)
        await report.begin(StageName.PROVISIONING)
        await self._post("lay_out", ask, type(None))
        await report.end(StageName.PROVISIONING)
        await report.begin(StageName.CONFIGURING)
        if any(service.build for service in spec.services):
            await self._post("build", ask, type(None))
        await report.end(StageName.CONFIGURING)
        await report.begin(StageName.STARTING)
        access = await self._post("start", ask, Access)
        await report.end(StageName.STARTING)
        return access

    async def abandon(self, environment: str, generation: int, fence: int) -> None:
        await self._post("abandon", Ask(environment=environment, generation=generation, fence=fence), type(None))

    async def restart(self, environment: str, service: str | None, fence: int, number: int = 0) -> None:
        await self._post("restart", Ask(environment=environment, service=service, fence=fence, number=number), type(None))

    async def pause(self, environment: str, fence: int) -> None:
        await self._post("pause", Ask(environment=environment, fence=fence), type(None))

    async def seed(self, environment: str, dataset: Dataset | None, fence: int, number: int) -> None:
        await self._post("seed", Ask(environment=environment, dataset=dataset, fence=fence, number=number), type(None))

    async def destroy(self, environment: str, fence: int, grace_s: float | None = None) -> None:
        await self._post("destroy", Ask(environment=environment, fence=fence, grace_s=grace_s), type(None))

    async def observe(self) -> tuple[Observed, ...]:
        return await self._post("observe", Ask(), tuple[Observed, ...])

    async def logs(self, environment: str, service: str | None, tail: int) -> tuple[LogLine, ...]:
        return await self._post("logs", Ask(environment=environment, service=service, tail=tail), tuple[LogLine, ...])

    async def health(self) -> Health:
        """For `/readyz` and `doctor`. Raises EngineUnavailable when there is no keeper."""
        return await self._post("health", Ask(), Health)
