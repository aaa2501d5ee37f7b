"""An environment's end: every number comes once or is told as lost, under the subject that it is of; the certificate counts both."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from feeds.certificate import MOST_NAMED, Account, Certificate, Range
from feeds.continuity import Continuity, Heard, Lost
from feeds.events import Batch, Gap, Mark, Reason, Trade

TRADES = "market.data.binance.spot.BTCUSDT.trade"
MARKS = "market.data.binance.spot.BTCUSDT.mark"


def batch(n: int, *ids: int, epoch: int = 1) -> Batch:
    return Batch(epoch, n, [Trade(at=0, id=str(each), price="1", size="1", side="buy") for each in ids])


def mark(n: int, reached: int, epoch: int = 1) -> Batch:
    return Batch(epoch, n, [Mark(at=0, is_live=True, reached={"trade": reached})])


def told(heard: list[Heard]) -> list[object]:
    return [each.event.id if isinstance(each.event, Trade) else each for each in heard if not isinstance(each.event, Mark)]


def test_a_number_that_is_missing_is_told_before_what_follows_it() -> None:
    continuity = Continuity("demo")
    assert told(continuity.take(TRADES, batch(1, 1, 2), 0)) == ["1", "2"]
    assert told(continuity.take(TRADES, batch(6, 6), 0)) == [Heard(TRADES, Lost(3, 5)), "6"]
    assert continuity.certificate.lost == 3


def test_what_was_lost_at_the_end_a_mark_tells_under_the_subject_that_lost_it() -> None:
    continuity = Continuity("demo")
    continuity.take(TRADES, batch(1, 1), 0)
    assert told(continuity.take(MARKS, mark(1, reached=101), 0)) == [Heard(TRADES, Lost(2, 101))]
    assert told(continuity.take(TRADES, batch(102, 102), 0)) == ["102"]
    assert continuity.certificate.account(TRADES).losses == [(2, 101)]
    assert continuity.certificate.account(MARKS).lost == 0


def test_the_first_mark_says_from_where_on_is_listened_to() -> None:
    continuity = Continuity("demo")
    assert told(continuity.take(MARKS, mark(9, reached=40), 0)) == []
    assert told(continuity.take(TRADES, batch(42, 7), 0)) == [Heard(TRADES, Lost(41, 41)), "7"]


def test_who_led_before_is_not_listened_to_any_more() -> None:
    continuity = Continuity("demo")
    continuity.take(TRADES, batch(1, 1, epoch=5), 0)
    assert told(continuity.take(TRADES, batch(2, 2, epoch=4), 0)) == []
    assert told(continuity.take(MARKS, mark(1, reached=90, epoch=4), 0)) == []
    assert continuity.certificate.stale == 1


def test_a_new_leader_that_numbers_from_earlier_repeats_no_trade() -> None:
    continuity = Continuity("demo")
    continuity.take(TRADES, batch(1, 11, 12, 13), 0)
    assert told(continuity.take(TRADES, batch(3, 13, 14, epoch=2), 0)) == ["14"]
    assert continuity.certificate.account(TRADES).repeated == 1


def test_the_certificate_names_ranges_gaps_and_epochs() -> None:
    continuity = Continuity("demo")
    gap = Gap(at=3, reason=Reason.SEQUENCE, first="3", last="4")
    continuity.take(TRADES, batch(1, 1, 2), 10)
    continuity.take(TRADES, Batch(1, 3, [gap, batch(0, 5).events[0]]), 20)
    continuity.take(TRADES, batch(9, 9), 30)
    continuity.take(TRADES, batch(10, 10, epoch=2), 40)
    account = continuity.certificate.account(TRADES)
    assert account.ranges == [Range(1, 1, 4, 10, 20), Range(1, 9, 9, 30, 30), Range(2, 10, 10, 40, 40)]
    assert (account.seen, account.lost, account.losses, account.gaps) == (6, 4, [(5, 8)], [gap])
    read = msgspec.json.decode(msgspec.json.encode(continuity.certificate), type=Certificate)
    assert read == continuity.certificate


def test_a_certificate_names_the_newest_and_counts_all() -> None:
    account = Account()
    for number in range(MOST_NAMED + 50):
        account.saw(1, 3 * number, 3 * number, number)
        account.missed(3 * number + 1, 3 * number + 2)
    assert (len(account.ranges), len(account.losses)) == (MOST_NAMED, MOST_NAMED)
    assert account.ranges[-1].first == 3 * (MOST_NAMED + 49)
    assert (account.seen, account.lost) == (MOST_NAMED + 50, 2 * (MOST_NAMED + 50))


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans()), max_size=30))
def test_whatever_messages_are_lost_each_number_is_seen_or_lost_once(messages: list[tuple[int, bool, bool]]) -> None:
    continuity, n, marks = Continuity("demo"), 1, 1
    heard = [*continuity.take(MARKS, mark(0, reached=0), 0)]
    for count, is_lost, is_marked in messages:
        if not is_lost:
            heard += continuity.take(TRADES, batch(n, *range(n, n + count)), 0)
        n += count
        if is_marked:
            heard += continuity.take(MARKS, mark(marks, reached=n - 1), 0)
            marks += 1
    heard += continuity.take(MARKS, mark(marks, reached=n - 1), 0)
    numbers: list[int] = []
    for each in heard:
        if isinstance(each.event, Lost):
            assert each.subject == TRADES
            numbers += range(each.event.first, each.event.last + 1)
        elif isinstance(each.event, Trade):
            numbers.append(int(each.event.id))
    assert numbers == list(range(1, n))
