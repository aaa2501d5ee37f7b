"""`python -m deploy.contracts.openapi BEFORE AFTER`: a process of its own, so that a document from outside has bounds.

BEFORE and AFTER are folders of documents. One line of JSON on standard output: `breaks`, or `unreadable`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.contracts.broken import Break, Unreadable
from deploy.contracts.openapi.compare import compare

_RECURSION = 20_000


def main(before: Path, after: Path) -> dict[str, Any]:
    sys.setrecursionlimit(_RECURSION)
    try:
        breaks = compare(_documents(before), _documents(after))
    except Unreadable as error:
        return {"unreadable": [error.file, error.line, error.column, error.sentence]}
    except RecursionError:
        return {"unreadable": ["", 0, 0, "A document refers to itself too deeply to be compared."]}
    return {"breaks": [asdict(each) for each in breaks]}


def _documents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): _text(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()}


def _text(path: Path, folder: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(path.relative_to(folder).as_posix(), 0, 0, "This is no text in UTF-8.") from error


def said(line: bytes) -> tuple[Break, ...]:
    """What `main` printed. Raises Unreadable as it would, ValueError when it is something else."""
    answer = json.loads(line)
    if "unreadable" in answer:
        raise Unreadable(*answer["unreadable"])
    return tuple(Break(**each) for each in answer["breaks"])


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201 - this is what it is for
