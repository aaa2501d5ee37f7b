"""Files and plans of past deploys are taken away when they are of no more use, so that no disk is full of them one day."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.store import deploy_garbage
from bot.store.store import Store

log = structlog.get_logger()

_EVERY_S = 3600.0
_YOUNG_S = 86_400.0
"""A file may be there before it is registered, and while it is being fetched."""
_DIGEST = re.compile(r"(?:contract-)?([0-9a-f]{64})")


@dataclass(frozen=True)
class Tidying:
    """`folders` hold artifacts by digest: what was fetched, and what was pushed to this host."""

    store: Store
    folders: tuple[Path, ...]
    kept_s: float
    versions: int

    async def tidy(self) -> int:
        """How much is gone."""
        async with self.store.transaction() as transaction:
            since = transaction.now - self.kept_s
            gone = await deploy_garbage.forget_plans(transaction.connection, since)
        async with self.store.look() as look:
            wanted = await deploy_garbage.wanted_digests(look.connection, since, self.versions)
        for folder in self.folders:
            gone += await asyncio.to_thread(_remove, folder, wanted, time.time() - _YOUNG_S)
        if gone:
            log.info("deploys_tidied", gone=gone)
        return gone


def _remove(folder: Path, wanted: Iterable[str], before: float) -> int:
    """All that is older than that and not wanted; what has another name than we give is nobody's but whoever put it there."""
    gone = 0
    for path in folder.iterdir() if folder.exists() else ():
        found = _DIGEST.match(path.name.removeprefix("."))
        if found and found.group(1) not in wanted and path.lstat().st_mtime < before:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            gone += 1
    return gone


async def tidy_for_ever(tidying: Tidying, every_s: float = _EVERY_S) -> None:
    while True:
        try:
            await tidying.tidy()
        except Exception as error:  # noqa: BLE001 - the database may be away, or a disk; the next round tells
            log.warning("tidying_failed", reason=repr(error))
        await asyncio.sleep(every_s)
