"""What git says of a remote: of its branches without a copy of it, of what is on a branch by one of that branch."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from provisioner.engine import EngineUnavailable
from provisioner.git import Git, is_full_ref, is_sha, last_line

if TYPE_CHECKING:
    from pathlib import Path

    from processes import Ran
    from provisioner.tokens import Tokens

_WITHIN_S = 30.0
_FETCH_WITHIN_S = 300.0
_count = itertools.count()


class GitRepositories:
    """`provisioner.engine.Repositories` by `git ls-remote`. `home` is a folder of its own; `tokens` opens clone addresses."""

    def __init__(self, home: Path, tokens: Tokens | None = None) -> None:
        self._home = home.absolute()
        self._git = Git(self._home, tokens)
        self._locks: dict[str, asyncio.Lock] = {}
        self._ref = f"refs/trellis/{os.getpid()}.{next(_count)}"  # another may fetch the same

    async def _list(self, clone_url: str, *words: str) -> dict[str, str]:
        ran = await self._git("ls-remote", "--quiet", "--end-of-options", clone_url, *words, url=clone_url, timeout_s=_WITHIN_S)
        if ran.code:
            raise EngineUnavailable(f"asking for branches: {last_line(ran.err)}")
        rows = (line.split("\t", 1) for line in ran.out.decode(errors="surrogateescape").splitlines() if "\t" in line)
        return {ref: sha for sha, ref in rows if is_sha(sha)}

    async def head(self, clone_url: str, ref: str) -> str | None:
        """The SHA of a full ref, None when the branch does not exist. Raises EngineUnavailable."""
        if not is_full_ref(ref):
            return None
        return (await self._list(clone_url, ref)).get(ref)

    async def heads(self, clone_url: str) -> dict[str, str]:
        """All branches: full ref → SHA. Raises EngineUnavailable."""
        return {ref: sha for ref, sha in (await self._list(clone_url, "refs/heads/*")).items() if ref.startswith("refs/heads/")}

    async def merged_at(self, clone_url: str, branch: str, sha: str) -> float | None:
        """When the commit was made, if it is on that branch now; None when it is not, or is not there. Raises EngineUnavailable."""
        ref = f"refs/heads/{branch}"
        if not is_full_ref(ref) or not is_sha(sha):
            return None
        async with self._locks.setdefault(clone_url, asyncio.Lock()):  # git itself refuses two at once
            return await self._merged_at(clone_url, ref, sha)

    async def _merged_at(self, clone_url: str, ref: str, sha: str) -> float | None:
        copy = ("--git-dir", str(await self._copy(clone_url)))
        ours = self._ref
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--end-of-options")
        await self._must(*copy, "fetch", *options, clone_url, f"+{ref}:{ours}", url=clone_url, timeout_s=_FETCH_WITHIN_S)
        if (await self._git(*copy, "merge-base", "--is-ancestor", sha, ours)).code:
            return None
        return float((await self._must(*copy, "show", "--no-patch", "--format=%ct", "--end-of-options", sha)).out)

    async def _copy(self, clone_url: str) -> Path:
        """An empty repository for what is fetched from there: whole, or not there, whoever else makes it or died over it."""
        folder = self._home / "history" / hashlib.sha256(clone_url.encode()).hexdigest()[:24]
        if not await asyncio.to_thread(folder.exists):
            part = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.part")
            await self._must("init", "--quiet", "--bare", "--template=", str(part))
            try:
                await asyncio.to_thread(part.rename, folder)
            except OSError:  # another was quicker
                await asyncio.to_thread(shutil.rmtree, part)
        return folder

    async def _must(self, *words: str, url: str | None = None, timeout_s: float = _WITHIN_S) -> Ran:
        ran = await self._git(*words, url=url, timeout_s=timeout_s)
        if ran.code:
            raise EngineUnavailable(f"asking git what is on a branch: {last_line(ran.err)}")
        return ran
