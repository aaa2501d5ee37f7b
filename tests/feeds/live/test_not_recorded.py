"""Of a time that is told again all that was not recorded is named: at its beginning, at its end, in between, and where there is nothing."""

from __future__ import annotations

import pytest

from feeds.events import Anything, Batch, Gap, Kind, Mark, Reason, Stream, Trade
from feeds.instruments import Market
from feeds.interest import Replay, Wanted
from feeds.replaying import Past

pytestmark = pytest.mark.feeds
WANTED = Wanted("binance", Market.SPOT, "BTCUSDT")
TRADES = Stream("binance", "spot", "BTCUSDT", Kind.TRADE)
MARKS = TRADES._replace(kind=Kind.MARK)
KINDS = ["trade", "depth", "quote"]


def trade(at: int) -> Trade:
    return Trade(at=at, id=str(at), price="1", size="1", side="buy")


def mark(at: int, reached: int = 0, *, is_live: bool = True) -> tuple[Stream, Batch]:
    return MARKS, Batch(1, 1, [Mark(at=at, is_live=is_live, reached={"trade": reached, "depth": 0, "quote": 0})])


def trades(first: int, *at: int) -> tuple[Stream, Batch]:
    return TRADES, Batch(1, first, [trade(each) for each in at])


def told(*recorded: tuple[Stream, Batch], wanted: tuple[Wanted, ...] = (WANTED,)) -> list[tuple[str, Anything]]:
    """Of 100 to before 200."""
    past = Past(wanted, Replay(100, 200))
    found = [each for stream, batch in recorded for each in past.take(stream, batch)]
    return [(stream.kind, event) for stream, event in [*found, *past.rest()]]


def missing(since: int, until: int) -> list[tuple[str, Anything]]:
    return [(kind, Gap(at=until, reason=Reason.NOT_RECORDED, since=since)) for kind in KINDS]


def test_where_somebody_listened_all_the_time_nothing_is_missing_also_where_nothing_was_said() -> None:
    assert told(mark(90), mark(150), mark(210)) == []
    assert told(mark(90), trades(1, 120), mark(210, 1)) == [("trade", trade(120))]


def test_what_begins_late_says_so_before_its_first_event() -> None:
    assert told(trades(7, 130), mark(210, 7)) == [*missing(100, 130), ("trade", trade(130))]
    assert told(mark(130, 6), trades(7, 140), mark(210, 7)) == [*missing(100, 130), ("trade", trade(140))]


def test_what_ends_early_says_so_at_the_end() -> None:
    assert told(mark(90), trades(1, 120)) == [("trade", trade(120)), *missing(120, 199)]
    assert told(mark(90)) == missing(100, 199)


def test_of_what_was_never_recorded_all_is_missing() -> None:
    assert told() == missing(100, 199)
    assert told(mark(210, 9)) == missing(100, 199)
    other = Wanted("binance", Market.SPOT, "ETHUSDT")
    assert told(mark(90), mark(210), wanted=(WANTED, other)) == missing(100, 199)


def test_a_hole_after_which_nothing_came_is_named_by_the_next_mark() -> None:
    hole = ("trade", Gap(at=160, reason=Reason.NOT_RECORDED, first="2", last="4"))
    assert told(mark(90), trades(1, 120), mark(160, 4), mark(210, 4)) == [("trade", trade(120)), hole]
    at_the_end = ("trade", Gap(at=199, reason=Reason.NOT_RECORDED, first="2", last="2"))
    assert told(mark(90), trades(1, 120), mark(210, 2)) == [("trade", trade(120)), at_the_end]
    assert told(mark(90), trades(1, 95), mark(98, 3), mark(210, 3)) == []  # before its time
    between = ("trade", Gap(at=140, reason=Reason.NOT_RECORDED, first="2", last="4"))
    assert told(mark(90), trades(1, 120), trades(5, 140), mark(210, 5)) == [("trade", trade(120)), between, ("trade", trade(140))]


def test_while_no_connection_stood_nothing_was_heard() -> None:
    assert told(mark(90), mark(150, is_live=False), mark(210)) == missing(100, 199)
    assert told(mark(90, is_live=False), mark(140), mark(210)) == missing(100, 140)
