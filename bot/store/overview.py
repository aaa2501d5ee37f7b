"""What pages and lists show of many environments: filtered, a page at a time, and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.environment import Environment
from bot.store.rows import struct_of
from bot.store.tables import commands, console_posts, environments, events, messages

_DAY_S = 86_400.0
_OWNERS_OF = 300
# Written out, and not bound, so that the partial indices serve.
_IS_LIVE = text("environments.state != 'gone'")
_IS_PAST = text("environments.state = 'gone'")
# Wrapped, so that no index of the project is taken in the place of one that has the rows in order.
_project = func.coalesce(environments.c.project, "")

UPTIME_EDGES_H = (1, 2, 4, 8, 24, 48, 96)
"""Where one bar of the distribution ends and the next begins."""


@dataclass(frozen=True)
class Wanted:
    """Which environments. `projects` are those that may be seen; `owners` are (platform, id), none for everybody's."""

    projects: frozenset[str]
    is_past: bool = False
    owners: Sequence[tuple[str, str]] | None = None
    project: str = ""
    owner: str = ""
    state: str = ""
    text: str = ""
    after: str = ""  # the cursor of the page before
    limit: int = 50


@dataclass(frozen=True)
class Page:
    environments: Sequence[Environment]
    next: str = ""  # the cursor of what follows; "" at the end


@dataclass(frozen=True)
class Uptimes:
    """Environments that went in the time looked at: how many lived how long, by UPTIME_EDGES_H, and the middle one (seconds)."""

    counts: tuple[int, ...] = field(default=(0,) * (len(UPTIME_EDGES_H) + 1))
    median_s: float | None = None

    @property
    def total(self) -> int:
        return sum(self.counts)


async def page(connection: AsyncConnection, wanted: Wanted) -> Page:
    """One page, the youngest first."""
    columns = environments.c
    conditions = [*_conditions(wanted), *_after(wanted.after)]
    query = select(environments).where(*conditions).order_by(columns.created_at.desc(), columns.id.desc()).limit(wanted.limit + 1)
    rows = [struct_of(row, Environment) for row in (await connection.execute(query)).mappings()]
    shown = rows[: wanted.limit]
    return Page(shown, _cursor(shown[-1]) if len(rows) > wanted.limit else "")


def _conditions(wanted: Wanted) -> list[Any]:
    columns = environments.c
    found: list[Any] = [_IS_PAST if wanted.is_past else _IS_LIVE, _project.in_(sorted(wanted.projects))]
    if wanted.owners is not None:
        mine = (and_(_owner("platform") == platform, _owner("id") == id_) for platform, id_ in wanted.owners)
        found.append(or_(*mine, text("1 = 0")))
    if wanted.project:
        found.append(_project == wanted.project)
    if wanted.owner:
        found.append(_owner("name") == wanted.owner)
    if wanted.state:
        found.append(columns.state == wanted.state)
    if wanted.text:
        word = wanted.text.lower()
        found.append(columns.slug.contains(word, autoescape=True) | func.lower(columns.ref).contains(word, autoescape=True))
    return found


def _owner(name: str) -> ColumnElement[str]:
    column: ColumnElement[str] = environments.c.owner[name].as_string()
    return column


def _cursor(environment: Environment) -> str:
    return f"{environment.created_at!r}_{environment.id}"


def _after(cursor: str) -> list[ColumnElement[bool]]:
    """What comes after a cursor; from the beginning when it is not one of ours."""
    number, _, id_ = cursor.partition("_")
    try:
        at = float(number)
    except ValueError:
        return []
    columns = environments.c
    return [or_(columns.created_at < at, and_(columns.created_at == at, columns.id < id_))]


async def states(connection: AsyncConnection, projects: frozenset[str]) -> Mapping[str, int]:
    """How many live ones there are in each state."""
    columns = environments.c
    query = select(columns.state, func.count()).where(_IS_LIVE, _project.in_(sorted(projects))).group_by(columns.state)
    return {str(state): int(count) for state, count in await connection.execute(query)}


async def owners(connection: AsyncConnection, projects: frozenset[str]) -> Sequence[str]:
    """The names of those who have live ones, as far as the youngest _OWNERS_OF tell: whoever is not among them can be named."""
    columns = environments.c
    youngest = select(_owner("name").label("name")).where(_IS_LIVE, _project.in_(sorted(projects)))
    youngest = youngest.order_by(columns.created_at.desc(), columns.id.desc()).limit(_OWNERS_OF)
    return sorted(set((await connection.execute(youngest)).scalars()))


async def uptimes(connection: AsyncConnection, projects: frozenset[str], now: float, days: int = 30) -> Uptimes:
    """How long those lived that went in the last `days`."""
    columns = environments.c
    lived = columns.gone_at - columns.created_at
    bucket = case(*((lived < hours * 3600.0, index) for index, hours in enumerate(UPTIME_EDGES_H)), else_=len(UPTIME_EDGES_H))
    ended = (columns.gone_at > now - days * _DAY_S, _IS_PAST, _project.in_(sorted(projects)))
    counted = select(bucket.label("bucket"), func.count()).where(*ended).group_by(text("bucket"))
    found = {int(index): int(count) for index, count in await connection.execute(counted)}
    counts = tuple(found.get(index, 0) for index in range(len(UPTIME_EDGES_H) + 1))
    if not sum(counts):
        return Uptimes()
    middle = select(lived).where(*ended).order_by(lived).offset(sum(counts) // 2).limit(1)
    return Uptimes(counts, float((await connection.execute(middle)).scalar_one()))


@dataclass(frozen=True)
class Change:
    """Something happened to an environment; `id` grows."""

    id: int
    environment_id: str
    project: str


async def newest_change(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(func.coalesce(func.max(events.c.id), 0)))).scalar_one())


async def made_by(connection: AsyncConnection, message_key: str) -> str | None:
    """The slug of the environment that a message's command was about; None when there is none (yet)."""
    of_message = select(messages.c.id).where(messages.c.key == message_key).scalar_subquery()
    query = select(environments.c.slug).join(commands, commands.c.environment_id == environments.c.id)
    return (await connection.execute(query.where(commands.c.message_id == of_message).limit(1))).scalar_one_or_none()


async def spoken(connection: AsyncConnection, after: int, prefix: str = "web:", limit: int = 500) -> Sequence[tuple[int, str]]:
    """(version, thread) of what was said or drawn after version `after` in the threads whose address begins so."""
    columns = console_posts.c
    query = select(columns.version, columns.thread_address).where(columns.version > after).order_by(columns.version).limit(limit)
    return [(version, thread) for version, thread in await connection.execute(query) if thread.startswith(prefix)]


async def newest_word(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(func.coalesce(func.max(console_posts.c.version), 0)))).scalar_one())
