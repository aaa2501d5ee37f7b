"""Trades come in order and once, and a gap names what is missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds.events import Anything, Gap, Reason, Trade
from feeds.patience import BEHIND_MS, HOLE_NS
from feeds.trades import NamedTrades, NumberedTrades


def trade(number: int | str, at: int = 0, time: int = 0) -> Trade:
    return Trade(at=at, id=str(number), price="1", size="1", side="buy", time=time)


def told(events: list[Anything]) -> list[str]:
    """`3`, or `4-6` for a gap."""
    return [each.id if isinstance(each, Trade) else f"{each.first}-{each.last}" for each in events if isinstance(each, Trade | Gap)]


def test_what_changed_places_is_put_in_order_and_what_came_twice_comes_once() -> None:
    trades = NumberedTrades()
    assert [told(trades.take(trade(number))) for number in (1, 3, 2, 3, 2, 4)] == [["1"], [], ["2", "3"], [], [], ["4"]]


def test_a_hole_that_stays_is_a_gap_that_names_its_ids() -> None:
    trades = NumberedTrades(last=10)
    assert trades.take(trade(14, at=5)) == []
    assert trades.tick(4 + HOLE_NS) == []
    assert told(trades.tick(5 + HOLE_NS)) == ["11-13", "14"]


def test_of_two_holes_the_second_is_waited_for_too() -> None:
    trades = NumberedTrades(last=1)
    trades.take(trade(3, at=0))
    trades.take(trade(5, at=0))
    assert told(trades.tick(HOLE_NS)) == ["2-2", "3"]
    assert told(trades.take(trade(4))) == ["4", "5"]


def test_an_exchange_that_counts_anew_is_a_gap_and_goes_on() -> None:
    trades = NumberedTrades()
    trades.take(trade(900, time=1_000))
    assert told(trades.take(trade(7, time=1_001))) == []  # repeated
    (gap, first) = trades.take(trade(8, time=1_001 + BEHIND_MS))
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.first, gap.last) == (Reason.RESTARTED, "901", "")
    assert told([first, *trades.take(trade(9, time=1_002 + BEHIND_MS))]) == ["8", "9"]


def test_a_break_before_the_first_trade_is_a_gap_up_to_it() -> None:
    trades = NumberedTrades()
    trades.broken(77)
    (gap, first) = trades.take(trade(50, at=99))
    assert gap == Gap(at=99, reason=Reason.DISCONNECTED, last="49", since=77)
    assert told([first]) == ["50"]


def test_who_takes_over_before_any_trade_was_told_names_those_since_the_last_word() -> None:
    (gap, first) = NumberedTrades(since=77).take(trade(50, at=99))
    assert gap == Gap(at=99, reason=Reason.TAKEOVER, last="49", since=77)
    assert told([first]) == ["50"]


def test_names_that_do_not_count_make_a_gap_of_every_break_and_name_the_trade_before() -> None:
    trades = NamedTrades()
    assert told(trades.take(trade("a"))) == ["a"]
    trades.broken(5)
    trades.broken(6)
    assert told(trades.take(trade("a"))) == []
    (gap, after) = trades.take(trade("b", at=9))
    assert gap == Gap(at=9, reason=Reason.DISCONNECTED, first="a", since=5)
    assert told([after, *trades.take(trade("c"))]) == ["b", "c"]


def test_who_takes_over_names_the_gap_and_repeats_nothing() -> None:
    trades = NamedTrades(since=3, seen=("a", "b"))
    assert trades.take(trade("b")) == []
    assert trades.take(trade("c", at=4)) == [Gap(at=4, reason=Reason.TAKEOVER, first="b", since=3), trade("c", at=4)]


@given(st.data())
def test_whatever_is_lost_repeated_or_out_of_order_every_id_comes_once_or_is_in_a_gap(data: st.DataObject) -> None:
    sent = data.draw(st.lists(st.integers(1, 30), max_size=40))
    trades, events = NumberedTrades(last=0), list[Anything]()
    for at, number in enumerate(sent):
        events += trades.take(trade(number, at=at))
        if data.draw(st.booleans()):
            events += trades.tick(at + data.draw(st.sampled_from([0, HOLE_NS])))
    for number in range(2, 32):  # each hole is waited for
        events += trades.tick(len(sent) + number * HOLE_NS)
    named: list[int] = []
    for event in events:
        if isinstance(event, Gap):
            named += range(int(event.first), int(event.last) + 1)
        elif isinstance(event, Trade):
            named.append(int(event.id))
    assert named == list(range(1, max(sent, default=0) + 1))
