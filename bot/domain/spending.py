"""What environments cost by month, project and person: so far, last month, and by the month's end at the pace of the last week."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from bot.domain.cost import Prices, spent
from bot.domain.datasets import Seeds
from bot.domain.environment import Size
from bot.domain.message import Person

_WEEK_S = 7 * 86_400.0
DAYS = 30


@dataclass(frozen=True)
class Life:
    """As much of an environment as costs money. `accounts`: all identities of its owner, joined ones too."""

    project: str
    owner: Person
    accounts: frozenset[str]
    size: Size
    created_at: float
    gone_at: float | None
    paused_at: float | None
    paused_s: float
    earlier_s: Mapping[str, float] = field(default_factory=dict)  # size → seconds, of those it had before
    engine: str = ""
    seeds: Seeds = field(default_factory=Seeds)


@dataclass(frozen=True)
class Month:
    """In a team's own time zone; seconds since the epoch."""

    last_began_at: float
    began_at: float
    ends_at: float


@dataclass(frozen=True)
class Spending:
    """Money. `forecast` is for the whole month."""

    name: str
    environments: int
    last_month: float
    so_far: float
    forecast: float


@dataclass(frozen=True)
class Report:
    """`days`: (the beginning of the day, what was spent on it), the last DAYS of them, today the last."""

    total: Spending
    by_project: Sequence[Spending]
    by_person: Sequence[Spending]
    days: Sequence[tuple[float, float]]


def month_of(now: float, zone: tzinfo) -> Month:
    first = datetime.fromtimestamp(now, zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = (first - timedelta(days=1)).replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return Month(before.timestamp(), first.timestamp(), after.timestamp())


def within(life: Life, prices: Prices, since: float, until: float, now: float) -> float:
    """What it cost in that time. When each of its pauses and sizes was is not known, so they count as spread over its life."""
    end = min(now, life.gone_at if life.gone_at is not None else now)
    lived, there = end - life.created_at, min(until, end) - max(since, life.created_at)
    return spent(life, prices, now) * there / lived if there > 0 and lived > 0 else 0.0


def report(lives: Sequence[Life], prices: Prices, now: float, zone: tzinfo) -> Report:
    month = month_of(now, zone)
    projects = _groups(lives, lambda each: each.project)
    people = _groups(lives, lambda each: f"{each.owner.platform}:{each.owner.id}")
    return Report(
        _spending("", lives, prices, now, month),
        _ordered(_spending(name, each, prices, now, month) for name, each in projects.items()),
        _ordered(_spending(_name(each[0].owner), each, prices, now, month) for each in people.values()),
        _days(lives, prices, now, zone),
    )


def _groups(lives: Sequence[Life], key: Callable[[Life], str]) -> Mapping[str, list[Life]]:
    found: dict[str, list[Life]] = {}
    for each in lives:
        found.setdefault(key(each), []).append(each)
    return found


def _name(person: Person) -> str:
    return person.name or person.id


def _ordered(found: Iterable[Spending]) -> Sequence[Spending]:
    return sorted(found, key=lambda spending: (-spending.so_far, -spending.last_month, spending.name))


def _spending(name: str, lives: Sequence[Life], prices: Prices, now: float, month: Month) -> Spending:
    def spent(since: float, until: float) -> float:
        return sum(within(each, prices, since, until, now) for each in lives)

    so_far = spent(month.began_at, now)
    pace = spent(now - _WEEK_S, now) / _WEEK_S
    return Spending(name, len(lives), spent(month.last_began_at, month.began_at), so_far, so_far + pace * (month.ends_at - now))


def _days(lives: Sequence[Life], prices: Prices, now: float, zone: tzinfo) -> list[tuple[float, float]]:
    today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [(today - timedelta(days=ago)).timestamp() for ago in range(DAYS - 1, -1, -1)]
    ends = [*begins[1:], now]
    return [(begin, sum(within(each, prices, begin, end, now) for each in lives)) for begin, end in zip(begins, ends, strict=True)]
