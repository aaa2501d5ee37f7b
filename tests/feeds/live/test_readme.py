"""README's transcript of a trading environment is what the product prints: `trellis up`, `trellis feeds`, and the sample's branch on a local exchange."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from processes import free_port
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import PATIENCE_S
from tests.running import Running, running
from tests.test_readme import README, without_what_differs

pytestmark = pytest.mark.feeds


def transcript() -> list[tuple[str, str]]:
    """(command, what it prints), as README has them."""
    [block] = re.findall(r"<!-- transcript of trading:.*?-->\n```console\n(.*?)```", README, re.DOTALL)
    parts = re.split(r"^\$ (.*)$\n", block, flags=re.MULTILINE)[1:]
    return [(command, printed.strip()) for command, printed in zip(parts[::2], parts[1::2], strict=True)]


def alike(text: str) -> str:
    """Numbers of orders, amounts and events, and hashes of a commit, are different each time or with each change of the sample."""
    text = re.sub(r"\btrading at [0-9a-f]{8}\b|\bof sample, at [0-9a-f]{8}\b", "<commit>", without_what_differs(text))
    text = re.sub(r"\s+", " ", text)
    return re.sub(r"\b\d+(?:[.,]\d+)*\b", "<number>", text)


def configured(binance: FakeBinance) -> dict[str, str]:
    """What README's reader has without saying it: an exchange's sandbox."""
    source = {"exchange": "binance", "markets": ["spot"], "ws_url": binance.ws_url, "rest_url": binance.rest_url}
    ports = {
        "TRELLIS_FEEDS__NATS_PORT": str(free_port()),
        "TRELLIS_FEEDS__STATUS_PORT": str(free_port()),
        "TRELLIS_FEEDS__RECORD_MB": "256",
    }
    return {**ports, "TRELLIS_FEEDS__SOURCES": json.dumps({"binance": source}), "TRELLIS_TRADING__SANDBOX_HOSTS": '["127.0.0.1"]'}


@asynccontextmanager
async def feeding(product: Running, binance: FakeBinance) -> AsyncIterator[None]:
    """`trellis feeds` beside it, and an exchange on which something is traded all the time."""
    with (product.folder / "feeds.log").open("w") as log:
        argv = [sys.executable, "-P", "-m", "bot", "feeds"]
        child = subprocess.Popen(argv, cwd=product.folder, env=product.environ, stdout=log, stderr=log)
    trading = asyncio.create_task(_trade(binance))
    try:
        yield
    finally:
        trading.cancel()
        child.terminate()
        await asyncio.to_thread(child.wait, PATIENCE_S)


async def _trade(binance: FakeBinance) -> None:
    while True:
        binance.trade("BTCUSDT", "100000")
        await asyncio.sleep(0.1)


async def test_the_transcript_is_what_the_product_prints(tmp_path: Path, binance: FakeBinance) -> None:
    said = transcript()
    assert len(said) == 4
    with running(tmp_path, **configured(binance)) as product:
        async with feeding(product, binance):
            for command, expected in said:
                words = shlex.split(command)
                assert words[0] == "trellis"
                printed = await _printed(product, words[1:], expected)
                assert alike(printed) == alike(expected)


async def _printed(product: Running, words: list[str], expected: str) -> str:
    """Its log is asked for again until the strategy has bought, which takes it some seconds."""
    async with asyncio.timeout(PATIENCE_S * 2):
        while True:
            ran = await asyncio.to_thread(product.trellis, *words, timeout_s=120)
            assert ran.stderr == ""
            if not words[1].startswith("/ivy logs") or alike(ran.stdout) == alike(expected):
                return ran.stdout
            await asyncio.sleep(0.5)
