"""Contracts of artifacts, fetched from where they lie, checked by their digests and compared."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from bot.context_ports import ForgeUnavailable
from bot.domain.artifact import Artifact
from bot.domain.gates import Gate, Lack, Word
from bot.worker.deploy_jobs import Files
from deploy.artifacts import NotFetched, NotFetchedNow
from deploy.contracts import CannotCompare, Contract, Unreadable, breaking, contract_of
from deploy.contracts.contract import MOST_BYTES

_MOST_REMEMBERED = 500


class Comparing:
    """What two digests came to is remembered: they always come to the same."""

    def __init__(self, files: Files, buf: Path | None = None) -> None:
        self._files = files
        self._buf = buf
        self._known: OrderedDict[tuple[str, str], Word] = OrderedDict()

    async def word(self, running: Artifact | None, new: Artifact) -> Word:
        """Whoever wants this gate registers a contract: nothing promised is nothing that could be kept. Raises ForgeUnavailable."""
        if not new.contract_sha256:
            return Word(Gate.CONTRACTS, Lack.NO_CONTRACT)
        key = (running.contract_sha256 if running else "", new.contract_sha256)
        if key not in self._known:
            try:
                said = await self._compared(running, new)
            except CannotCompare as error:  # it may be mended here at any time
                return Word(Gate.CONTRACTS, Lack.CANNOT_COMPARE, (_plain(error),))
            except NotFetchedNow as error:
                raise ForgeUnavailable(_plain(error)) from error
            self._known[key] = said
            while len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]

    async def _compared(self, running: Artifact | None, new: Artifact) -> Word:
        try:
            after = await self._contract(new)
            before = await self._contract(running) if running and running.contract_sha256 else Contract()
            found = await breaking(before, after, buf=self._buf)
        except (Unreadable, NotFetched) as error:
            return Word(Gate.CONTRACTS, Lack.UNREADABLE, (_plain(error),))
        return Word(Gate.CONTRACTS, Lack.BREAKS if found else None, tuple(map(str, found)))

    async def _contract(self, artifact: Artifact) -> Contract:
        """What it holds is told by its name, as it was pushed."""
        path = await self._files.file(artifact.contract_sha256, artifact.contract_address)
        name = PurePosixPath(unquote(urlsplit(artifact.contract_address).path)).name
        return await asyncio.to_thread(lambda: contract_of(name, _read(path)))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _plain(error: Exception) -> str:
    return str(error).rstrip(".")
