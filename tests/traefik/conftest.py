"""A world with a Traefik before its environments, which are machines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.traefik.reader import NOT_REAL
from tests.traefik.stand import MACHINE, TRAEFIK
from tests.world import World, a_world


@pytest.fixture(autouse=True)
def _says_what_is_not_real(record_property: Callable[[str, object], None]) -> None:
    record_property("told", NOT_REAL)


@pytest.fixture
async def traefik(tmp_path: Path) -> AsyncIterator[World]:
    """Without a login before environments: only tilt's page has one."""
    async with a_world(tmp_path, traefik={**TRAEFIK, "login": False}, is_alone=True) as world:
        world.engine.upstream = MACHINE
        yield world


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[World]:
    """Everything is behind the login."""
    async with a_world(tmp_path, traefik=TRAEFIK, is_alone=True) as world:
        world.engine.upstream = MACHINE
        yield world
