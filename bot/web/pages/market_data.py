"""What an environment heard of its instruments, as pictures: a strip for each, of what was seen and lost when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from bot.domain.continuity import Certificate, Feed, How, Instrument, NotKnown, Replay, Stretch
from bot.domain.prose import Line
from bot.rendering import charts
from bot.rendering.charts import Part
from bot.rendering.progress import duration
from bot.replies import feed as words

_WORDS = {How.SEEN: "seen", How.LOST: "lost", How.UNKNOWN: "not known"}


@dataclass(frozen=True)
class Row:
    """An instrument: how it is, its picture and from when to when that is, its losses as (when, what)."""

    name: str
    is_well: bool
    now: str
    past: str
    arrived: str
    picture: Markup
    losses: Sequence[tuple[float, str]]
    span: tuple[float, float] | None


@dataclass(frozen=True)
class Shown:
    """`problem` where nobody can say anything."""

    problem: str = ""
    rows: Sequence[Row] = ()
    replay: Line | None = None
    replayed: str = ""
    has_answered: bool = True


def shown(feed: Feed) -> Shown:
    match feed:
        case NotKnown(reason):
            return Shown(f"It is not known now, for {reason}.")
        case Certificate(is_let_in=False):
            return Shown("It hears nothing now.")
    return Shown(
        "",
        [_row(each) for each in feed.instruments],
        words.replay(feed.replay) if feed.replay else None,
        _replayed(feed.replay) if feed.replay else "",
        feed.has_answered,
    )


def _row(it: Instrument) -> Row:
    past = words.past(it)
    return Row(
        it.name,
        it.is_heard,
        words.now(it),
        past,
        words.arrived(it.arrived) if it.arrived else "",
        charts.strip([_part(each) for each in it.stretches], f"{it.name}: {past or 'nothing yet'}"),
        [(each.at, words.loss(each)) for each in reversed(it.losses)],
        (it.stretches[0].since, it.stretches[-1].until) if it.stretches else None,
    )


def _part(it: Stretch) -> Part:
    return Part(it.since, it.until, it.how, f"{_WORDS[it.how]} for {duration(it.seconds)} from {_time(it.since)}")


def _replayed(it: Replay) -> Markup:
    told = Part(it.start, it.reached, "seen", f"told again until {_time(it.reached)}")
    left = Part(it.reached, it.end, "unknown", "not told yet")
    part = (it.reached - it.start) / (it.end - it.start)
    return charts.strip([each for each in (told, left) if each.since < each.until], f"Replay: {part:.0%} told")


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC"
