"""An environment's certificate, asked over NATS of whoever leads: what was seen, lost, replayed; across a takeover; unknown where nobody leads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from feeds.answering import Keeping
from feeds.events import Kind
from feeds.interest import Mode, Replay
from feeds.report import Report
from feeds.settings import FeedsCannotStart
from feeds.timeline import How
from feeds.visiting import told_of
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import PATIENCE_S, House, source
from tests.feeds.live.test_rollover import TOPICS, begun

pytestmark = pytest.mark.feeds


async def told(house: House, environment: str, is_so: Callable[[Report], bool]) -> Report:
    """What is told once it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so(report := await told_of(house.settings, environment)):
            await asyncio.sleep(0.05)
    return report


def hows(report: Report) -> list[How]:
    return [each.how for each in report.instruments[0].stretches]


async def test_what_was_lost_is_a_stretch_of_its_own_with_its_name(house: House, binance: FakeBinance) -> None:
    _, ear = await begun(house, binance)
    before = await told(house, "demo", lambda report: hows(report) == [How.SEEN])
    assert (before.is_let_in, before.instruments[0].is_heard, before.instruments[0].gaps) == (True, True, 0)
    binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 1)
    for _ in range(3):
        binance.trade("BTCUSDT", is_sent=False)
    binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 3)
    report = await told(house, "demo", lambda report: hows(report)[-2:] == [How.LOST, How.SEEN])
    [instrument] = report.instruments
    assert [(each.kind, each.gap.first, each.gap.last) for each in instrument.named] == [("trade", "2", "4")]
    assert instrument.per_second > 0
    assert report.arrived is not None
    assert report.arrived.accounts["market.data.binance.spot.BTCUSDT.trade"].seen == 3


async def test_an_exchange_that_is_away_is_time_lost(house: House, binance: FakeBinance) -> None:
    await begun(house, binance)
    await told(house, "demo", lambda report: hows(report) == [How.SEEN])
    binance.is_open = False
    binance.cut()
    gone = await told(house, "demo", lambda report: hows(report)[-1] == How.LOST)
    assert not gone.instruments[0].is_heard
    binance.is_open = True
    await told(house, "demo", lambda report: hows(report)[-1] == How.SEEN)


async def test_another_leader_knows_what_the_one_before_noted(house: House, binance: FakeBinance) -> None:
    one, _ = await begun(house, binance)
    noted = await told(house, "demo", lambda report: hows(report) == [How.SEEN])
    assert one.lease is not None
    assert one.publisher is not None
    await Keeping(house.rooms, one.publisher.witness, one.lease, 3600).write()
    two = await house.multiplexer(source("binance", binance), holder="two")
    await house.stop(one)
    await binance.until(lambda: binance.opened == 2)
    await binance.until_followed(*TOPICS)
    report = await told(house, "demo", lambda report: report.holder == "two" and len(hows(report)) >= 2)
    assert two.is_leading
    assert report.instruments[0].stretches[0].since == noted.instruments[0].stretches[0].since
    assert report.instruments[0].stretches[0].how == How.SEEN
    assert report.instruments[0].stretches[1].since > report.instruments[0].stretches[0].until  # nobody listened


async def test_a_replay_tells_how_far_it_is(house: House, binance: FakeBinance) -> None:
    _, ear = await begun(house, binance)
    for _ in range(5):
        binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 5)
    trades = ear.of(Kind.TRADE)
    replay = Replay(trades[0].at, trades[-1].at + 1, 0)
    again = await house.environment("again", "binance.spot.BTCUSDT", mode=Mode.REPLAY, replay=replay)
    await again.until(lambda: len(again.of(Kind.TRADE)) == 5)
    report = await told(house, "again", lambda report: report.replay is not None and report.replay.events >= 5)
    assert report.replay is not None
    assert (report.instruments, report.replay.gaps, report.replay.problem) == ([], 0, "")
    assert report.replay.reached >= trades[-1].at


async def test_who_wants_nothing_is_let_in_nowhere_and_without_a_leader_nobody_knows(house: House, binance: FakeBinance) -> None:
    made, _ = await begun(house, binance)
    assert not (await told(house, "nobody", lambda report: True)).is_let_in
    await house.stop(made)
    with pytest.raises(FeedsCannotStart, match="no multiplexer leads"):
        await told_of(house.settings, "demo")


async def test_an_environment_may_not_ask_of_others(house: House, binance: FakeBinance) -> None:
    await begun(house, binance)
    from feeds import house as rooms
    from feeds.interest import Interest
    from tests.feeds.live.house import wanted

    password = await house.interest("other", Interest(wanted("binance.spot.BTCUSDT")))
    await house.ear("other", password, [])
    problems: list[str] = []
    client = await rooms.connect(house.nats.url, "other", password)

    refused = asyncio.Semaphore(0)

    async def note(problem: Exception) -> None:
        problems.append(str(problem))
        refused.release()

    client._error_cb = note
    await client.publish("feeds.ask.demo", b"")
    await client.subscribe("feeds.ask.*")
    async with asyncio.timeout(60):  # a flush would not do: its ping overtakes what waits to be sent
        await refused.acquire()
        await refused.acquire()
    await client.close()
    assert [each for each in problems if "permissions violation" not in each.lower()] == []
