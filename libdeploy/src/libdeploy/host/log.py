"""What a program wrote."""

from __future__ import annotations

import os
from pathlib import Path


def tail(log: Path, most: int) -> str:
    """Its end, at most so many bytes."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - most))
        return file.read().decode(errors="replace").strip()
