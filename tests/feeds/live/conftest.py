"""Where the extra `feeds` is not installed, its tests are not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore_glob = [] if all(find_spec(name) for name in ("ccxt", "nats", "bcrypt")) else ["*"]

if not collect_ignore_glob:
    from tests.fakes.exchanges.binance import FakeBinance
    from tests.fakes.exchanges.bybit import FakeBybit
    from tests.feeds.live.house import House, a_house

    @pytest.fixture
    async def house(tmp_path: Path) -> AsyncIterator[House]:
        async with a_house(tmp_path) as made:
            yield made

    @pytest.fixture
    async def binance() -> AsyncIterator[FakeBinance]:
        async with FakeBinance() as made:
            yield made

    @pytest.fixture
    async def bybit() -> AsyncIterator[FakeBybit]:
        async with FakeBybit() as made:
            yield made
