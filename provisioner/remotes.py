"""What git says of a remote, without a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine import EngineUnavailable
from provisioner.git import Git, is_full_ref, is_sha, last_line

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.tokens import Tokens

_WITHIN_S = 30.0


class GitRepositories:
    """`provisioner.engine.Repositories` by `git ls-remote`. `home` is a folder of its own; `tokens` opens clone addresses."""

    def __init__(self, home: Path, tokens: Tokens | None = None) -> None:
        self._git = Git(home.absolute(), tokens)

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
