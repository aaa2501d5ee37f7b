"""A book follows its changes; where it cannot, there is a gap and it is had anew. Prices stay as they were written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds.book import Levels
from feeds.depth import Depth
from feeds.events import Anything, Book, Change, Gap, Reason
from feeds.patience import HOLE_NS


def change(first: int, last: int, at: int = 0, bid: tuple[str, str] | None = None) -> Change:
    return Change(at=at, first=first, last=last, bids=[bid] if bid else [], asks=[])


def book(last: int) -> Book:
    return Book(at=0, last=last, bids=[("10.0", "1")], asks=[("11.0", "1")])


def told(events: list[Anything]) -> list[str]:
    words = []
    for each in events:
        match each:
            case Book():
                words.append(f"book {each.last}")
            case Change():
                words.append(f"{each.first}-{each.last}")
            case Gap():
                words.append(f"gap {each.reason} {each.first}-{each.last}")
    return words


def test_changes_wait_for_the_whole_and_only_those_after_it_follow() -> None:
    depth = Depth()
    assert [told(depth.take(each)) for each in (change(3, 4), change(5, 6), change(7, 7))] == [[], [], []]
    assert depth.wants_whole
    assert told(depth.whole(book(5))) == ["book 5", "5-6", "7-7"]
    assert told(depth.take(change(8, 9))) == ["8-9"]


def test_a_whole_that_ends_before_what_waits_begins_is_of_no_use() -> None:
    depth = Depth()
    depth.take(change(10, 12))
    assert told(depth.whole(book(8))) == []
    assert depth.wants_whole
    assert told(depth.whole(book(9))) == ["book 9", "10-12"]


def test_a_hole_that_stays_wants_the_whole_and_the_gap_names_the_updates() -> None:
    depth = Depth()
    depth.whole(book(5))
    depth.take(change(8, 9, at=1))
    assert not depth.wants_whole
    depth.tick(1 + HOLE_NS)
    assert depth.wants_whole
    assert told(depth.whole(book(9))) == ["gap sequence 6-9", "book 9"]


def test_a_hole_that_is_filled_in_time_is_none() -> None:
    depth = Depth()
    depth.whole(book(5))
    depth.take(change(7, 7))
    assert told(depth.take(change(6, 6))) == ["6-6", "7-7"]
    assert not depth.wants_whole


def test_after_a_break_what_follows_on_needs_no_whole() -> None:
    depth = Depth()
    depth.whole(book(5))
    depth.broken(1)
    assert depth.wants_whole
    assert told(depth.take(change(6, 8))) == ["6-8"]
    assert not depth.wants_whole


def test_who_takes_over_tells_a_gap_from_what_was_published() -> None:
    depth = Depth(last=20)
    assert told(depth.whole(book(19))) == []
    assert told(depth.whole(book(25))) == [f"gap {Reason.TAKEOVER} 21-25", "book 25"]


def test_who_takes_over_where_nothing_was_missed_tells_no_gap() -> None:
    assert told(Depth(last=20).whole(book(20))) == ["book 20"]


def test_an_exchange_that_counts_anew_gives_a_new_book() -> None:
    depth = Depth()
    depth.whole(book(500))
    assert told(depth.whole(book(1), is_restart=True)) == ["gap restarted 501-", "book 1"]
    assert told(depth.take(change(2, 2))) == ["2-2"]


def test_prices_and_sizes_stay_text_and_zero_in_any_spelling_takes_a_level_away() -> None:
    levels = Levels()
    levels.replace(Book(at=0, last=1, bids=[("9.90", "0.10000000"), ("10.5", "2")], asks=[("100000000.00000001", "1"), ("11", "3")]))
    assert levels.best() == (("10.5", "2"), ("11", "3"))
    levels.apply(Change(at=0, first=2, last=2, bids=[("10.5", "0.00000000")], asks=[("11", "0")]))
    assert levels.best() == (("9.90", "0.10000000"), ("100000000.00000001", "1"))
    levels.apply(Change(at=0, first=3, last=3, bids=[("9.90", "000.0")], asks=[]))
    assert levels.best()[0] is None
    assert levels.whole(7) == Book(at=7, last=3, bids=[], asks=[("100000000.00000001", "1")])


@given(st.data())
def test_whatever_is_lost_the_book_is_the_exchange_s_whenever_it_is_followed(data: st.DataObject) -> None:
    """The exchange's state after update n is known; a listener that applies what is told must have it after each event."""
    truth = {n: {str(price): str(n) for price in range(1, n + 1)} for n in range(31)}
    depth, levels = Depth(), Levels()
    for at in range(40):
        if depth.wants_whole and data.draw(st.booleans()):
            n = data.draw(st.integers(0, 30))
            events = depth.whole(Book(at=at, last=n, bids=sorted(truth[n].items()), asks=[]))
        else:
            first = data.draw(st.integers(1, 30))
            last = data.draw(st.integers(first, min(30, first + 2)))
            bids = sorted(truth[last].items())
            events = depth.take(Change(at=at, first=first, last=last, bids=bids, asks=[]))
        if data.draw(st.booleans()):
            events += depth.tick(at + HOLE_NS)
        for event in events:
            if isinstance(event, Book):
                levels.replace(event)
            elif isinstance(event, Change):
                levels.apply(event)
            assert dict(levels.whole(0).bids) == truth[levels.last]
        assert depth.levels.whole(0) == levels.whole(0)
