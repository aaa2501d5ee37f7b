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


def bars_of(report: Report, money: Money) -> list[Bar]:
    """A bar for each day. Its money is in the hint: thirty numbers have no room beside each other."""
    days = [(datetime.fromtimestamp(at, money.zone), spent) for at, spent in report.days]
    return [Bar(f"{day.day}", spent, f"{day:%a} {day.day} {day:%b}: {money.prices.shown(spent)}", is_plain=True) for day, spent in days]


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
            shown=money.prices.shown,
            is_priced=not money.prices.is_free,
            projects=parts.keys(view.projects),
            project=project,
        )

    return routes
