"""The runner of this host, through the socket of whoever keeps it: workers come and go, runs go on."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import msgspec

from deploy.asked import checked
from deploy.runner import Job, Observed, Rights, RunnerUnavailable
from deploy.runner_wire import ERRORS, Ask, Health, Refused, decoded, encoded
from processes import reachable

_CONNECT_S = 5.0
_SILENT_S = 60.0


class RemoteRunner:
    """`deploy.runner.Runner` at the unix socket `path`. Artifacts are named by their path on this host. Close it with `aclose`."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    async def start(self, job: Job, rights: Rights) -> None:
        await self._post("start", Ask(job=job, rights=rights))

    async def observe(self, id: str) -> Observed:
        return decoded(await self._post("observe", Ask(id=checked(id))), Observed)

    async def follow(self, id: str, seen: int, within_s: float) -> Observed:
        return decoded(await self._post("follow", Ask(id=checked(id), seen=seen, within_s=within_s)), Observed)

    async def cancel(self, id: str) -> None:
        await self._post("cancel", Ask(id=checked(id)))

    async def forget(self, id: str) -> None:
        await self._post("forget", Ask(id=checked(id)))

    async def health(self) -> Health:
        """For `doctor`. Raises RunnerUnavailable when nobody listens."""
        return decoded(await self._post("health", Ask()), Health)

    async def _post(self, act: str, ask: Ask) -> bytes:
        try:
            async with self._connected().post(f"http://deploys/{act}", data=encoded(ask)) as response:
                data = await response.read()
                if response.status == 200:
                    return data
                said = decoded(data, Refused)
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError) as error:
            raise RunnerUnavailable(f"The keeper, which runs deploys on this host, does not answer ({type(error).__name__}).") from error
        raise ERRORS.get(said.error, RunnerUnavailable)(said.message)

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            if not self._path.parent.is_dir():
                raise RunnerUnavailable("The keeper, which runs deploys on this host, is not running.")
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENT_S)
            connector = aiohttp.UnixConnector(reachable(self._path), limit=0, force_close=True)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session
