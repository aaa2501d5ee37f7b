"""A bare copy per project that holds what was ever asked for, and worktrees made from it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import re
import shutil
from typing import TYPE_CHECKING

from processes import Ran
from provisioner.engine import EngineFailed, EngineUnavailable, Source, StageName
from provisioner.folders import remove_folder
from provisioner.git import Git, is_full_ref, is_sha, last_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FILE_CAP_BYTES = 64 * 1024
_FETCH_WITHIN_S = 600.0
_PACKS_MOST = 50
_RETRIES_S = (0.2, 0.5, 1.0, 2.0)  # a webhook may be faster than the forge's own replication
_NETWORK = re.compile(
    r"could not resolve|connection (refused|reset|timed out|closed)|failed to connect|timed? ?out|early eof|hung up|returned error: (5|429)"
    r"|network is unreachable|no route to host|unable to access .*: (ssl|gnutls|openssl)|rpc failed|disconnect",
    re.IGNORECASE,
)


class Mirrors:
    """A bare copy per project that holds what was ever asked for, and worktrees made from it."""

    def __init__(self, git: Git, root: Path) -> None:
        self._git = git
        self._root = root
        self._locks: dict[str, asyncio.Lock] = {}
        self._known: set[tuple[Path, str]] = set()  # mirror and commit: two projects may share one

    def path(self, project: str) -> Path:
        return self._root / project

    @contextlib.asynccontextmanager
    async def _alone(self, project: str) -> AsyncIterator[Path]:
        """Hold the mirror against ourselves and, by a file lock, against any other process."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with self._locks.setdefault(project, asyncio.Lock()):
            with (self._root / f"{project}.lock").open("w") as file:
                while True:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        break
                    except BlockingIOError:
                        await asyncio.sleep(0.02)
                yield self.path(project)

    async def _must(self, *words: str) -> Ran:
        ran = await self._git(*words)
        if ran.code:
            raise EngineUnavailable(f"git in the mirror: {last_line(ran.err)}")
        return ran

    async def _make(self, mirror: Path) -> None:
        if not (mirror / "HEAD").exists():
            half = mirror.with_name(mirror.name + ".half")
            for folder in (half, mirror):
                shutil.rmtree(folder, ignore_errors=True)
            await self._must("init", "--quiet", "--bare", "--template=", str(half))
            half.rename(mirror)
            self._known = {each for each in self._known if each[0] != mirror}

    async def _has(self, mirror: Path, sha: str) -> bool:
        """Whether the commit is in the mirror. Fetches are kept as packs, so what is there is there with all it needs."""
        if (mirror, sha) in self._known:
            return True
        has = (await self._git("--git-dir", str(mirror), "cat-file", "-e", f"{sha}^{{commit}}")).code == 0
        self._known |= {(mirror, sha)} if has else set()
        return has

    async def _fetch(self, mirror: Path, source: Source, refspec: str) -> str | None:
        """None when it worked, else what the remote had against it. Raises EngineUnavailable for the network's troubles."""
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--end-of-options")
        words = ("--git-dir", str(mirror), "fetch", *options, source.clone_url, refspec)
        ran = await self._git(*words, url=source.clone_url, timeout_s=_FETCH_WITHIN_S)
        if ran.code and _NETWORK.search(ran.err.decode(errors="replace")):
            raise EngineUnavailable(f"fetching {source.project}: {last_line(ran.err)}")
        return last_line(ran.err) if ran.code else None

    async def _fetch_both(self, mirror: Path, source: Source) -> str | None:
        """Fetch the branch, and the commit itself when the branch went on or is gone. What the remote had against it, if anything."""
        kept = "refs/trellis/" + hashlib.sha256(source.ref.encode()).hexdigest()[:24]
        tip = mirror / kept
        if tip.exists() and tip.read_text().strip() == source.sha:  # fetched in an earlier life
            self._known.add((mirror, source.sha))
            return None
        problem = await self._fetch(mirror, source, f"+{source.ref}:{kept}")
        if problem is None and tip.exists():
            self._known.add((mirror, tip.read_text().strip()))
        if not await self._has(mirror, source.sha):
            problem = await self._fetch(mirror, source, f"+{source.sha}:refs/trellis/{source.sha}") or problem
            await self._has(mirror, source.sha)
        return problem

    async def _obtain(self, mirror: Path, source: Source) -> None:
        """Have the commit in the mirror."""
        if not is_full_ref(source.ref) or not is_sha(source.sha):
            raise EngineFailed(StageName.PROVISIONING, f"{source.ref} at {source.sha} is no full ref and SHA", code="not_fetched")
        await self._make(mirror)
        if (mirror, source.sha) in self._known:
            return
        problem: str | None = None
        for pause_s in (*_RETRIES_S, None):
            try:
                problem = await self._fetch_both(mirror, source)
            except EngineUnavailable:
                if await self._has(mirror, source.sha):
                    return
                raise
            if (mirror, source.sha) in self._known:
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        reason = f"commit {source.sha[:10]} of {source.ref} cannot be fetched: {problem or 'it is not there'}"
        raise EngineFailed(StageName.PROVISIONING, reason, code="not_fetched")

    async def check_out(self, source: Source, folder: Path) -> None:
        """Lay the commit out in `folder`, whatever was left there before."""
        async with self._alone(source.project) as mirror:
            await self._obtain(mirror, source)
            await remove_folder(folder)
            git_dir = ("--git-dir", str(mirror))
            ran = await self._git(
                *git_dir, "worktree", "add", "--quiet", "--force", "--detach", "--", str(folder), source.sha, timeout_s=600
            )
            if ran.code:
                raise EngineUnavailable(f"laying out {source.sha[:10]}: {last_line(ran.err)}")

    async def archive(self, source: Source, file: Path) -> None:
        """The commit as a tar.gz. Raises EngineFailed, EngineUnavailable."""
        async with self._alone(source.project) as mirror:
            await self._obtain(mirror, source)
            words = ("--git-dir", str(mirror), "archive", "--format=tar.gz", f"--output={file}", source.sha)
            ran = await self._git(*words, timeout_s=600)
            if ran.code:
                raise EngineUnavailable(f"packing {source.sha[:10]}: {last_line(ran.err)}")

    async def prune(self, project: str) -> None:
        """Let the mirror forget worktrees whose folders are gone."""
        async with self._alone(project) as mirror:
            if (mirror / "worktrees").is_dir():
                await self._must("--git-dir", str(mirror), "worktree", "prune", "--expire=now")

    async def read(self, source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        """See Engine.read."""
        for path in paths:
            if path.startswith("/") or "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
                raise EngineFailed(StageName.PROVISIONING, f"{path!r} is not a path inside the repository", code="bad_file")
        async with self._alone(source.project) as mirror:
            await self._obtain(mirror, source)
        words = ("--git-dir", str(mirror))
        listing = self._must(*words, "--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", source.sha, "--", *paths)
        reading = (self._git(*words, "cat-file", "blob", f"{source.sha}:{path}", cap=FILE_CAP_BYTES) for path in paths)
        listed, *read = await asyncio.gather(listing, *reading)  # at once, as each costs a process
        good = _good_files(listed.out)
        return {path: ran.out for path, ran in zip(paths, read, strict=True) if path in good}

    def all(self) -> list[Path]:
        return [head.parent for head in self._root.glob("*/HEAD")]

    async def tidy(self, mirror: Path) -> None:
        """After a crash: the locks and half files that killed gits left. Nobody else may be at work."""
        if await asyncio.to_thread(_remove_left, mirror) > _PACKS_MOST:
            await self._git("--git-dir", str(mirror), "repack", "--quiet", "-d", "--geometric=2", timeout_s=600)
        await self._git("--git-dir", str(mirror), "worktree", "prune", "--expire=now")


def _remove_left(mirror: Path) -> int:
    """Remove what a killed git left; returns how many packs there are."""
    for pattern in ("*.lock", "refs/**/*.lock", "worktrees/*/*.lock", "objects/pack/tmp_*"):
        for left in list(mirror.glob(pattern)):
            left.unlink(missing_ok=True)
    return len(list(mirror.glob("objects/pack/*.pack")))


def _good_files(listed: bytes) -> set[str]:
    """The names in what ls-tree said. Raises EngineFailed for what is no regular file, or too big."""
    rows = (row.split(b"\t", 1) for row in listed.split(b"\0") if row)
    found = {name.decode("utf-8", "surrogateescape"): about.decode().split() for about, name in rows}
    for path, (mode, _, _, size) in found.items():
        if mode not in {"100644", "100755"}:
            kind = "a symbolic link" if mode == "120000" else "no regular file"
            raise EngineFailed(StageName.PROVISIONING, f"{path} is {kind}", code="bad_file")
        if int(size) > FILE_CAP_BYTES:
            raise EngineFailed(StageName.PROVISIONING, f"{path} has {size} bytes; {FILE_CAP_BYTES} are read at most", code="bad_file")
    return set(found)
