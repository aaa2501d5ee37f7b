"""What environments cost: this month so far, its forecast and the last month, by project and person, and day by day as a chart."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.domain.spending import Report
from bot.rendering import charts
from bot.rendering.charts import Bar
from bot.web.costs import Money, reported
from bot.web.pages import frame
from bot.web.pages.parts import Parts
from bot.web.session import User

_NAMED_EACH = 3


def bars_of(report: Report, money: Money) -> list[Bar]:
    """A bar for each day. Its money is in the hint, and only some days are named: thirty have no room beside each other."""
    found = []
    for ago, (at, spent) in zip(range(len(report.days) - 1, -1, -1), report.days, strict=True):
        day = datetime.fromtimestamp(at, money.zone)
        hint = f"{day:%a} {day.day} {day:%b}: {money.prices().shown(spent)}"
        found.append(Bar("" if ago % _NAMED_EACH else str(day.day), spent, hint, is_plain=True))
    return found


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/cost")
    async def cost(request: Request, user: User) -> Response:
        view, money = await parts.sight.of(user.person), parts.money
        project = request.query_params.get("project", "")
        found = await reported(parts.store, parts.sight, user.person, money, project if project in view.projects else "")
        chart = charts.bars(bars_of(found, money), "What was spent on each of the last 30 days")
        return frame.page(
            "cost.html",
            user,
            "/cost",
            view,
            report=found,
            chart=chart,
            shown=money.prices().shown,
            is_priced=not money.prices().is_free,
            source=money.prices().source,
            projects=parts.keys(view.projects),
            project=project,
        )

    return routes
