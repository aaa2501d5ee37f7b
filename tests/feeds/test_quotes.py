"""Best prices: only what is newer counts, and a broken connection is a gap."""

from __future__ import annotations

from feeds.events import Anything, Gap, Quote, Reason
from feeds.patience import BEHIND_NS
from feeds.quotes import Quotes


def quote(id: int, at: int = 0) -> Quote:
    return Quote(at=at, id=id, bid="1", bid_size="1", ask="2", ask_size="1")


def told(events: list[Anything]) -> list[object]:
    return [each.id if isinstance(each, Quote) else each for each in events]


def test_what_is_old_or_said_again_is_left_out() -> None:
    quotes = Quotes()
    assert [told(quotes.take(quote(each))) for each in (5, 5, 4, 9)] == [[5], [], [], [9]]


def test_a_break_is_a_gap_before_the_next_and_none_before_the_first() -> None:
    quotes = Quotes()
    quotes.broken(1)
    assert told(quotes.take(quote(5))) == [5]
    quotes.broken(7)
    quotes.broken(8)
    assert told(quotes.take(quote(6, at=9))) == [Gap(at=9, reason=Reason.DISCONNECTED, since=7), 6]


def test_a_number_far_below_long_after_is_a_new_count() -> None:
    quotes = Quotes()
    quotes.take(quote(500, at=1))
    assert told(quotes.take(quote(3, at=2))) == []
    assert told(quotes.take(quote(3, at=2 + BEHIND_NS))) == [Gap(at=2 + BEHIND_NS, reason=Reason.RESTARTED, since=1), 3]


def test_who_takes_over_says_since_when_nobody_told() -> None:
    assert told(Quotes(last=3, since=8).take(quote(4, at=9))) == [Gap(at=9, reason=Reason.TAKEOVER, since=8), 4]
