"""Folders that go for good, whatever was done to their rights."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

from provisioner.engine import EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path


async def remove_folder(folder: Path) -> None:
    """Remove it with all in it, also what was made unwritable. Already gone is success."""
    await asyncio.to_thread(_remove_tree, folder)


def _remove_tree(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink(missing_ok=True)
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        folder.chmod(0o700)
        for path, names, _files in os.walk(folder):
            for name in names:
                if not os.path.islink(os.path.join(path, name)):  # noqa: PTH114, PTH118 - os.walk gives strings
                    os.chmod(os.path.join(path, name), 0o700)  # noqa: PTH101, PTH118
    raise EngineUnavailable(f"{folder.name} cannot be removed")
