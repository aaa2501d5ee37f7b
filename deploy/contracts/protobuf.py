"""Protobuf by `buf breaking`, on files that we wrote and with a configuration of ours: nothing of the artifact's is obeyed."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.contracts.broken import Break, CannotCompare, Unreadable
from deploy.contracts.contract import Contract
from processes import Bounds, CannotStart, Ran, TimedOut, environ, run

VERSION = "1.75.0"
_CONFIG = json.dumps({"version": "v2", "breaking": {"use": ["PACKAGE"], "ignore_unstable_packages": True}})
"""PACKAGE: what callers see, on the wire, in JSON and in generated code, but not in which file a message stands.
https://buf.build/docs/breaking/rules/"""
_NOTHING = 'syntax = "proto3";\npackage nothing.v1alpha1;\n'
_FOUND = 100
"""buf's exit code where it has something to say of the files."""
_BOUNDS = Bounds(memory_mb=1024, processes=64)


def find_buf(said: Path | None = None) -> Path:
    """The program: the one that is said, the one on PATH, or the one that tools/buf.sh has put into the cache. Raises CannotCompare."""
    for path in (said, _on_path(), cache_folder() / "buf"):
        if path is not None and os.access(path, os.X_OK) and path.is_file():
            return path
        if path is not None and path == said:
            raise CannotCompare(f"There is no program at {said}, which is said to be buf.")
    raise CannotCompare("buf is missing, which compares protobuf: run tools/buf.sh, or put buf on PATH.")


def _on_path() -> Path | None:
    found = shutil.which("buf")
    return Path(found) if found else None


def cache_folder() -> Path:
    """Outside of the repository, one for each version."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root, "trellis", f"buf-{VERSION}-{platform.system().lower()}-{platform.machine().lower()}")


@dataclass(frozen=True)
class Buf:
    """`folder` is empty and its own."""

    program: Path
    folder: Path
    within_s: float

    async def breaks(self, before: Contract, after: Contract) -> tuple[Break, ...]:
        """Raises Unreadable, CannotCompare."""
        old, new = await self._image("before", before), await self._image("after", after)
        ran = await self._run(
            self.folder,
            *("breaking", str(new), "--against", str(old), "--error-format", "json", "--exclude-imports", "--config", _CONFIG),
        )
        if ran.code not in {0, _FOUND}:
            raise Unreadable("", 0, 0, f"The protobuf cannot be compared: {_words(ran)}")
        return tuple(sorted(each for each in map(_break, _lines(ran)) if '"google.protobuf"' not in each.sentence))

    async def _image(self, side: str, contract: Contract) -> Path:
        image = self.folder / f"{side}.binpb"
        if contract.image:
            image.write_bytes(contract.image)
            return image
        sources = self.folder / side
        for path, data in (contract.protos or {"nothing.proto": _NOTHING.encode()}).items():
            file = sources / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        ran = await self._run(sources, "build", ".", "--output", str(image), "--error-format", "json", "--config", '{"version":"v2"}')
        if ran.code:
            first = next(_lines(ran), None)
            which = "" if side == "after" else "The contract that is deployed: "
            if first is None:
                raise Unreadable("", 0, 0, f"{which}The protobuf cannot be built: {_words(ran)}")
            found = _break(first)
            raise Unreadable(found.file, found.line, found.column, f"{which}{found.sentence}")
        return image

    async def _run(self, cwd: Path, *words: str) -> Ran:
        env = environ({"HOME": str(self.folder), "BUF_CACHE_DIR": str(self.folder / "cache"), "GOMAXPROCS": "2"})
        try:
            return await run((str(self.program), *words), cwd=cwd, env=env, timeout_s=self.within_s, bounds=_BOUNDS)
        except (CannotStart, TimedOut) as error:
            raise CannotCompare(f"buf did not say whether the contract breaks: {error}.") from error


def _lines(ran: Ran) -> Iterator[Mapping[str, object]]:
    for line in (ran.out + b"\n" + ran.err).splitlines():
        if line.startswith(b"{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _break(said: Mapping[str, object]) -> Break:
    path = str(said.get("path", ""))
    line, column = (_number(said.get(name)) if path else 0 for name in ("start_line", "start_column"))
    return Break(path, line, column, str(said.get("message", "")), str(said.get("type", "")).lower())


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _words(ran: Ran) -> str:
    return (ran.err or ran.out).decode(errors="replace").strip().removeprefix("Failure: ")[:500]
