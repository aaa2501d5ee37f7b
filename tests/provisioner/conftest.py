"""What the tests of the provisioner may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.provisioner.house import Keeper, Repository, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
async def keeper(tmp_path: Path) -> AsyncIterator[Keeper]:
    """A keeper that runs; after the test nothing of it does."""
    one = Keeper(tmp_path / "data")
    await one.start()
    try:
        yield one
    finally:
        await one.stop()
        await eventually(lambda: one.left() == [])
