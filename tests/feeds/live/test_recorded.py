"""A real session, recorded with the best prices that the exchange told beside it, through the whole pipe. And real messages, read."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feeds.book import Levels
from feeds.events import Book, Change, Gap, Kind, Quote
from feeds.exchanges import dialect
from feeds.exchanges.dialect import Answered, Changed, Leaving, Pong, Quoted, Traded, Whole
from feeds.instruments import Market
from feeds.interest import Mode, Replay
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import House, source

pytestmark = pytest.mark.feeds
CHECKPOINTS = 143


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real messages; the test is skipped where there is none."""
    beside = Path(__file__).parents[4] / "shared" / "feed_samples"
    folder = Path(os.environ.get("TRELLIS_FEED_SAMPLES") or beside)
    if not folder.is_dir():
        pytest.skip("no recorded messages of exchanges here: set TRELLIS_FEED_SAMPLES")
    return folder


def frames_of(samples: Path, binance: FakeBinance) -> list[Any]:
    """The session's, whose book the exchange has."""
    (file,) = samples.glob("binance_spot_session_*.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    binance.old_snapshots = [row["data"] for row in rows if row["kind"] == "rest"]
    return [row["data"] for row in rows if row["kind"] == "ws"]


def twice_and_in_another_order(frames: list[Any]) -> list[Any]:
    """No further away from its place than a network brings it."""
    doubled = [each for frame in frames for each in (frame, frame)]
    shuffling = random.Random(5)
    return [
        each
        for start in range(0, len(doubled), 6)
        for each in shuffling.sample(doubled[start : start + 6], len(doubled[start : start + 6]))
    ]


@pytest.mark.parametrize("order", [list, twice_and_in_another_order])
async def test_the_book_rebuilt_by_an_environment_has_the_recorded_best_prices_at_every_checkpoint(
    house: House, binance: FakeBinance, samples: Path, order: Callable[[list[Any]], list[Any]]
) -> None:
    frames = frames_of(samples, binance)
    await house.multiplexer(source("binance", binance))
    ear = await house.environment("demo", "binance.spot.NKNUSDT")
    await binance.until(lambda: binance.snapshots == 1)
    for frame in order(frames):
        binance.send(frame["stream"], frame)
    last = max(frame["data"]["u"] for frame in frames if "U" in frame["data"])
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)) and ear.of(Kind.DEPTH)[-1].last == last)
    quotes = [frame["data"]["u"] for frame in frames if "A" in frame["data"]]
    if order is list:
        await ear.until(lambda: len(ear.of(Kind.QUOTE)) == len(quotes))
        assert [each.id for each in ear.of(Kind.QUOTE, "", Quote)] == quotes
    assert ear.lost() == []
    assert ear.of(Kind.DEPTH, "", Gap) == []
    assert _checkpoints(ear.of(Kind.DEPTH), quotes_of(frames)) == CHECKPOINTS


async def test_the_session_told_again_has_every_checkpoint_too(house: House, binance: FakeBinance, samples: Path) -> None:
    frames = frames_of(samples, binance)
    await house.multiplexer(source("binance", binance))
    ear = await house.environment("demo", "binance.spot.NKNUSDT")
    await binance.until(lambda: binance.snapshots == 1)
    begun = time.time_ns()
    for frame in frames:
        binance.send(frame["stream"], frame)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)) and ear.of(Kind.DEPTH)[-1].last == frames[-1]["data"]["u"])
    heard = ear.of(Kind.DEPTH)
    replay = Replay(begun - 60_000_000_000, heard[-1].at + 1, 0)
    again = await house.environment("again", "binance.spot.NKNUSDT", mode=Mode.REPLAY, replay=replay)
    await again.until(lambda: bool(again.of(Kind.DEPTH)) and again.of(Kind.DEPTH)[-1].last == heard[-1].last)
    assert _checkpoints(again.of(Kind.DEPTH), quotes_of(frames)) == CHECKPOINTS
    assert again.lost() == []


def quotes_of(frames: list[Any]) -> list[Quote]:
    """As the exchange told them, in its order."""
    told = [frame["data"] for frame in frames if "A" in frame["data"]]
    return [Quote(at=0, id=each["u"], bid=each["b"], bid_size=each["B"], ask=each["a"], ask_size=each["A"]) for each in told]


def _checkpoints(heard: list[Any], quotes: list[Quote]) -> int:
    """After each change: whether the book's best levels are those of the newest best prices that were told of that state or one before."""
    levels, met = Levels(), 0
    for event in heard:
        if not isinstance(event, Book | Change):
            continue
        if isinstance(event, Book):
            levels.replace(event)
            continue
        levels.apply(event)
        told = [quote for quote in quotes if quote.id <= event.last]
        if told:
            best = told[-1]
            assert levels.best() == ((best.bid, best.bid_size), (best.ask, best.ask_size)), event.last
            met += 1
    return met


READ = {
    "binance_spot_trade__doc": [Traded],
    "binance_spot_trade_combined__nautilus": [Traded],
    "binance_spot_aggTrade__doc": [],
    "binance_spot_bookTicker_combined__nautilus": [Quoted],
    "binance_spot_depthUpdate__doc": [Changed],
    "binance_spot_serverShutdown_raw__doc": [Leaving],
    "binance_spot_serverShutdown_combined__doc": [Leaving],
    "binance_spot_subscribe_ack__doc": [Answered],
    "binance_spot_error_missing_method__doc": [Answered],
    "binance_spot_partial_depth__doc": [],
    "bybit_v5_spot_orderbook50_snapshot__captured": [Whole],
    "bybit_v5_spot_orderbook50_delta__captured": [Changed],
    "bybit_v5_linear_orderbook50_snapshot__doc": [Whole],
    "bybit_v5_linear_orderbook50_delta__doc": [Changed],
    "bybit_v5_spot_publicTrade__captured": [Traded],
    "bybit_v5_linear_publicTrade__doc": [Traded],
    "bybit_publicTrade_badtopic__nautilus": [],
    "bybit_orderbook1_snapshot__nautilus": [Quoted],
    "bybit_orderbook1_delta__nautilus": [Quoted],
    "bybit_subscribe_ack__nautilus": [Answered],
    "bybit_subscribe_failure__nautilus": [Answered],
    "bybit_v5_pong_spot__doc": [Pong],
    "bybit_v5_pong_linear__doc": [Pong],
    "bybit_v5_spot_ticker__doc": [],
    "bybit_linear_ticker__nautilus": [],
}


@pytest.mark.parametrize("name", READ)
def test_real_messages_are_read(name: str, samples: Path) -> None:
    message: Any = json.loads((samples / f"{name}.json").read_text())
    spoken = dialect(name.partition("_")[0], Market.SPOT)
    assert [type(each) for each in spoken.hear(message, 1)] == READ[name]


def test_a_perpetual_s_real_change_follows_on_the_one_that_it_names(samples: Path) -> None:
    message = json.loads((samples / "binance_usdm_depthUpdate__nautilus.json").read_text())
    (changed,) = dialect("binance", Market.PERPETUAL).hear(message, 1)
    assert isinstance(changed, Changed)
    assert (changed.change.first, changed.change.last) == (message["pu"] + 1, message["u"])


def test_bybit_s_captured_change_applies_to_its_captured_book(samples: Path) -> None:
    spoken = dialect("bybit", Market.SPOT)
    whole, changed = (
        spoken.hear(json.loads((samples / f"bybit_v5_spot_orderbook50_{kind}__captured.json").read_text()), 1)[0]
        for kind in ("snapshot", "delta")
    )
    assert isinstance(whole, Whole)
    assert isinstance(changed, Changed)
    assert changed.change.first == whole.book.last + 1
    levels = Levels()
    levels.replace(whole.book)
    levels.apply(changed.change)
    book = levels.whole(0)
    assert book.bids[:2] == [("75848.74", "0.067669"), ("75848.63", "0.004772")]
    assert ("75848.62", "0.014895") in book.bids
    assert "75837.13" not in dict(book.bids)
    assert dict(book.asks)["75848.89"] == "0.088149"
