"""What callers of the contract that is deployed can no longer do with the new one."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.contracts.broken import Break, CannotCompare
from deploy.contracts.contract import Contract
from deploy.contracts.openapi.__main__ import said
from deploy.contracts.protobuf import Buf, find_buf
from processes import Bounds, CannotStart, TimedOut, environ, run

WITHIN_S = 60.0
_BOUNDS = Bounds(memory_mb=1024, processes=16)
_MOST_SAID = 16 * 2**20


async def breaking(before: Contract, after: Contract, *, buf: Path | None = None, within_s: float = WITHIN_S) -> tuple[Break, ...]:
    """In the order of files and lines; nothing breaks: (). The contracts are untrusted: each program has bounds of time and memory.

    `buf` is its program, where it is not on PATH or in the cache. Raises Unreadable when a contract cannot be read (then nothing is known
    of it), CannotCompare when whoever compares is missing or has no time.
    """
    if before == after:
        return ()
    found: tuple[Break, ...] = ()
    with tempfile.TemporaryDirectory(prefix="contracts-") as name:
        folder = Path(name)
        if before.has_protobuf and (before.protos, before.image) != (after.protos, after.image):
            found += await Buf(find_buf(buf), folder, within_s).breaks(before, after)
        if before.documents and before.documents != after.documents:
            found += await _openapi(before.documents, after.documents, folder, within_s)
    return found


async def _openapi(before: Mapping[str, bytes], after: Mapping[str, bytes], folder: Path, within_s: float) -> tuple[Break, ...]:
    sides = [await asyncio.to_thread(_written, files, folder / f"openapi-{side}") for side, files in (("before", before), ("after", after))]
    argv = (sys.executable, "-m", "deploy.contracts.openapi", *map(str, sides))
    env = environ({"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder)})
    try:
        ran = await run(argv, cwd=folder, env=env, timeout_s=within_s, cap=_MOST_SAID, bounds=_BOUNDS)
    except (CannotStart, TimedOut) as error:
        raise CannotCompare(f"The OpenAPI documents could not be compared: {error}.") from error
    try:
        return said(ran.out)
    except (ValueError, KeyError, TypeError) as error:
        words = ran.err.decode(errors="replace").strip().rpartition("\n")[2][:300]
        raise CannotCompare(f"The OpenAPI documents could not be compared: code {ran.code}. {words}") from error


def _written(files: Mapping[str, bytes], folder: Path) -> Path:
    folder.mkdir()
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder
