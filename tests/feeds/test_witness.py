"""What a leader notes of an instrument: when all of it was heard, when not, what was named as lost, how fast it comes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from feeds.events import Gap, Kind, Reason, Stream, Trade
from feeds.timeline import MOST_GAPS, MOST_STRETCHES, How, NamedGap, Stretch, Timeline
from feeds.witness import Instrument, Witness

BTC = Instrument("binance", "spot", "BTCUSDT")
TRADES = Stream(*BTC, Kind.TRADE)
SECOND = 1_000_000_000


def trade(at: int) -> Trade:
    return Trade(at=at, id="1", price="1", size="1", side="buy")


def gap(at: int, first: str = "5", last: str = "9") -> Gap:
    return Gap(at=at, reason=Reason.SEQUENCE, first=first, last=last)


def looked(witness: Witness, *heard: bool, begin: int = 0) -> None:
    for number, is_heard in enumerate(heard, begin):
        witness.look({BTC: is_heard}, number * SECOND)


def stretches(witness: Witness) -> list[tuple[str, int, int]]:
    return [(each.how, each.since // SECOND, each.until // SECOND) for each in witness.timelines[BTC].stretches]


def test_what_is_heard_all_the_time_is_one_stretch() -> None:
    witness = Witness()
    looked(witness, True, True, True, True)
    assert stretches(witness) == [("seen", 0, 3)]


def test_before_it_was_ever_heard_nothing_is_lost() -> None:
    witness = Witness()
    looked(witness, False, False, True, True, False, True)
    assert stretches(witness) == [("seen", 1, 3), ("lost", 3, 4), ("seen", 4, 5)]


def test_a_gap_makes_the_time_in_which_it_was_told_a_lost_one_and_is_named() -> None:
    witness = Witness()
    looked(witness, True, True)
    witness.told(TRADES, [gap(SECOND + 5), trade(SECOND + 5)], SECOND + 6)
    looked(witness, True, True, begin=2)
    assert stretches(witness) == [("seen", 0, 1), ("lost", 1, 2), ("seen", 2, 3)]
    timeline = witness.timelines[BTC]
    assert (timeline.events, timeline.gaps, timeline.named) == (2, 1, [NamedGap("trade", gap(SECOND + 5))])


def test_what_could_not_be_published_was_not_seen_either() -> None:
    witness = Witness()
    looked(witness, True, True)
    witness.dropped(TRADES)
    looked(witness, True, begin=2)
    assert stretches(witness)[-1] == ("lost", 1, 2)


def test_marks_are_nothing_that_was_heard() -> None:
    witness = Witness()
    witness.told(Stream(*BTC, Kind.MARK), [trade(0)], 0)
    witness.dropped(Stream(*BTC, Kind.MARK))
    assert witness.timelines == {}


def test_while_nobody_wants_it_there_is_no_stretch() -> None:
    witness = Witness()
    looked(witness, True, True)
    witness.look({}, 2 * SECOND)
    looked(witness, True, True, begin=5)
    assert stretches(witness) == [("seen", 0, 1), ("seen", 5, 6)]


def test_the_pace_is_of_the_last_minute_and_the_slowest_counts() -> None:
    witness = Witness()
    witness.look({BTC: True}, 0)
    for second in range(1, 121):
        at = second * SECOND
        count = 3 if second > 60 else 100
        witness.told(TRADES, [trade(at - (5_000_000 if second == 100 else 1_000_000))] * count, at)
        witness.look({BTC: True}, at)
    per_second, slowest_ms = witness.pace(BTC)
    assert (per_second, slowest_ms) == (3.0, 5.0)
    assert Witness().pace(BTC) == (0.0, 0.0)


def test_who_takes_over_goes_on_where_the_other_ended() -> None:
    before = Timeline(7, 10, 1, [Stretch(How.SEEN, 7, 3 * SECOND)], [NamedGap("trade", gap(2))])
    witness = Witness()
    looked(witness, True, True, begin=8)
    witness.remember(BTC, before)
    looked(witness, True, begin=10)
    assert stretches(witness) == [("seen", 0, 3), ("seen", 8, 10)]
    timeline = witness.timelines[BTC]
    assert (timeline.begun, timeline.events, timeline.gaps) == (7, 10, 1)


def test_what_nobody_wants_is_forgotten_after_its_time() -> None:
    witness = Witness()
    looked(witness, True, True)
    witness.look({}, 2 * SECOND)
    witness.forget(before=SECOND)
    assert BTC in witness.timelines
    witness.forget(before=SECOND + 1)
    assert witness.timelines == {}


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80))
def test_however_it_goes_stretches_follow_each_other_and_lose_no_moment(each: list[tuple[bool, bool]]) -> None:
    witness = Witness()
    for number, (is_heard, has_gap) in enumerate(each):
        if has_gap:
            witness.told(TRADES, [gap(number)], number)
        witness.look({BTC: is_heard}, number * SECOND)
    found = witness.timelines.get(BTC, Timeline()).stretches
    assert all(one.until == other.since for one, other in pairwise(found))
    assert not found or found[-1].until == (len(each) - 1) * SECOND
    assert all(one.how != other.how for one, other in pairwise(found))


def test_it_stays_small_however_long_it_goes_on() -> None:
    timeline = Timeline()
    for number in range(1, 2 * MOST_STRETCHES + 1):
        timeline.was(How.SEEN if number % 2 else How.LOST, number, number + 1)
        timeline.lost(NamedGap("trade", gap(number)))
    assert (len(timeline.stretches), len(timeline.named)) == (MOST_STRETCHES, MOST_GAPS)
    assert (timeline.gaps, timeline.stretches[-1].until, timeline.begun) == (2 * MOST_STRETCHES, 2 * MOST_STRETCHES + 1, 1)
