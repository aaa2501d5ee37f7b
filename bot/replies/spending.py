"""What a team has spent this month, by project and by person."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.cost import Prices
from bot.domain.prose import Line, Reply, Strong, Table, Tone, line
from bot.domain.spending import Report, Spending
from bot.replies.common import say
from bot.replies.money import whence

_MOST = 15


def of_team(team: str, report: Report, prices: Prices) -> Reply:
    if prices.is_free:
        return say(Tone.NEUTRAL, "No size has a price here, and so nothing is reckoned.")
    total = report.total
    so_far, forecast, last = (prices.shown(each) for each in (total.so_far, total.forecast, total.last_month))
    head = (Strong(team), f": {so_far} so far this month, {forecast} by its end at the pace of the last seven days. Last month: {last}.")
    if not total.environments:
        return say(Tone.NEUTRAL, *head)
    tables = [_table("project", report.by_project, prices), _table("person", report.by_person, prices)]
    more = [line(f"The table has the first {_MOST}; all of it is on the page Cost.")] if len(report.by_person) > _MOST else []
    return say(Tone.NEUTRAL, *head, more=(*tables, *more, *whence(prices)))


def _table(what: str, each: Sequence[Spending], prices: Prices) -> Table:
    return Table((what, "environments", "last month", "so far", "forecast"), tuple(_row(one, prices) for one in each[:_MOST]))


def _row(it: Spending, prices: Prices) -> tuple[Line, ...]:
    money = (line(prices.shown(each)) for each in (it.last_month, it.so_far, it.forecast))
    return (line(Strong(it.name)), line(str(it.environments)), *money)
