"""`trellis spares`: how many warm ones there are, stopping their making, and what other targets would have cost."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.table import Table

from bot.app.spares import targets
from bot.app.terms import prices_of
from bot.domain.cost import Prices
from bot.domain.environment import Size
from bot.domain.spare_simulation import Pace, Simulated, simulate
from bot.domain.spares import BadTarget, Kind, Spare, SpareState, targets_of, wanted_at
from bot.env import output
from bot.open import whoami
from bot.rendering.clean import words
from bot.settings import Settings, SettingsError
from bot.settings.engines import engine_name
from bot.store.database import Database
from bot.store.demand import Demand, demand
from bot.store.migrate import newest, revision_of
from bot.store.spares import Stopped
from bot.store.store import Store

_DAY_S = 86_400.0
_USUAL = tuple(str(number) for number in range(6))


async def spares(settings: Settings, args: argparse.Namespace) -> int:
    """Asked of the database itself, by whoever may read its settings."""
    store = Store(Database(settings.sql_url))
    try:
        async with store.database.read() as connection:
            if await revision_of(connection) != newest():
                raise SettingsError("the database is not of this version: `trellis migrate`, or start Trellis once")
        return await carry_out(settings, store, args)
    finally:
        await store.database.close()


async def carry_out(settings: Settings, store: Store, args: argparse.Namespace) -> int:
    verbs = {"list": _list, "pause": _pause, "resume": _resume, "simulate": _simulate}
    return await verbs[args.verb](settings, store, args)


async def _list(settings: Settings, store: Store, args: argparse.Namespace) -> int:
    del args
    wanted = targets(settings)
    async with store.look() as look:
        now, live, stopped = look.now, await look.spares.live(), await look.spares.stopped()
    kinds = sorted({*wanted, *((each.project, each.size) for each in live)})
    table = _table("project", "size", "wanted now", "ready", "being made", "going")
    for kind in kinds:
        counts = Counter(each.state for each in live if (each.project, each.size) == kind)
        states = (counts[each] for each in (SpareState.READY, SpareState.MAKING, SpareState.RETIRING))
        table.add_row(words(kind[0]), kind[1].value, str(wanted_at(wanted.get(kind, ()), now)), *map(str, states))
    output().print(table if kinds else "No warm spares are wanted: spares.projects in the settings says how many.")
    _tell(stopped, [each for each in live if each.troubles])
    return 0


def _tell(stopped: Stopped | None, troubled: Sequence[Spare]) -> None:
    if stopped:
        why = f": {stopped.reason}" if stopped.reason else ""
        sys.stdout.write(f"{words(stopped.who)} has stopped their making{words(why)}. Again: trellis spares resume\n")
    for each in troubled:
        sys.stdout.write(
            f"{words(each.project)} {each.size.value}: {each.state.value}, failed {each.troubles} times; the worker's log says why\n"
        )


async def _pause(settings: Settings, store: Store, args: argparse.Namespace) -> int:
    del settings
    async with store.transaction() as transaction:
        await transaction.spares.stop(args.person or whoami(), args.reason)
    sys.stdout.write("None are made any more; those that are ready are still claimed. Again: trellis spares resume\n")
    return 0


async def _resume(settings: Settings, store: Store, args: argparse.Namespace) -> int:
    del settings, args
    async with store.transaction() as transaction:
        was_stopped = await transaction.spares.go_on()
    sys.stdout.write("They are made again.\n" if was_stopped else "They were not stopped.\n")
    return 0


async def _simulate(settings: Settings, store: Store, args: argparse.Namespace) -> int:
    kind = _kind(settings, args)
    texts = args.target or _USUAL
    try:
        wanted = [targets_of(text, settings.time_zone) for text in texts]
    except BadTarget as error:
        raise SettingsError(f"--target: {error}") from None
    if args.days < 1:
        raise SettingsError("--days: at least 1")
    async with store.look() as look:
        now = look.now
        since = now - args.days * _DAY_S
        past = await demand(look.connection, kind, since)
    pace = _pace(settings, args, past)
    found = [simulate(past.asked_at, each, pace, since, now) for each in wanted]
    prices = prices_of(settings)
    sys.stdout.write(
        f"{words(kind[0])}, {kind[1].value}: {len(past.asked_at)} asked for in {args.days} days. "
        f"Without a spare {pace.fresh_s:g} s, from one {pace.claim_s:g} s; one is made in {pace.make_s:g} s.\n"
    )
    table = _table("target", "from a spare", "half waited", "19 of 20", "all waited", "made", "unused", "idle", _cost_head(prices))
    for text, each in zip(texts, found, strict=True):
        cost = "" if prices.is_free else prices.shown(prices.of(kind[1], each.idle_s, engine_name(settings, kind[0])))
        table.add_row(*_row(text, each, cost))
    output().print(table)
    return 0


def _cost_head(prices: Prices) -> str:
    return "cost" if not prices.is_free else "cost (no prices set)"


def _row(text: str, it: Simulated, cost: str) -> tuple[str, ...]:
    share = f"{it.claimed} of {it.asked}"
    waits = (f"{it.waited_s(0.5):g} s", f"{it.waited_s(0.95):g} s", f"{sum(it.waits_s) / 3600:.1f} h")
    return text, share, *waits, str(it.made), str(it.unused), f"{it.idle_s / 3600:.0f} h", cost


def _kind(settings: Settings, args: argparse.Namespace) -> Kind:
    """Raises SettingsError."""
    project = args.project or (next(iter(settings.projects)) if len(settings.projects) == 1 else "")
    if project not in settings.projects:
        there = ", ".join(settings.projects) or "none"
        raise SettingsError(
            f"--project: there is no project {project!r}; there is {there}" if project else f"--project: which one? {there}"
        )
    return project, Size(args.size)


def _pace(settings: Settings, args: argparse.Namespace, past: Demand) -> Pace:
    """What was measured, unless it is said. Raises SettingsError when it is neither."""
    found = {}
    for name in ("fresh_s", "claim_s", "make_s"):
        said = getattr(args, name)
        seconds = said if said is not None else getattr(past, name)
        if seconds is None or seconds < 0:
            raise SettingsError(f"--{name.replace('_', '-')}: nothing of the kind was measured here, so say it")
        found[name] = seconds
    return Pace(**found, ttl_s=settings.spares.ttl_hours * 3600, at_once=settings.spares.at_once)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table
