"""What all tests of crashes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.crew import mother

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _mother() -> Iterator[None]:
    """There before the first test counts its children."""
    mother()
    yield
    mother().end()
