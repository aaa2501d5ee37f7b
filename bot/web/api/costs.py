"""What environments cost, by project and person: the numbers of the page Cost and of `/ivy cost --team`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from bot.domain.spending import Report, Spending
from bot.web.api.caller import Reader
from bot.web.api.parts import Parts
from bot.web.api.shapes import at
from bot.web.costs import reported


class SpendingShape(BaseModel):
    """`forecast` is for the whole month, at the pace of the last seven days."""

    name: str
    environments: int
    last_month: float
    so_far: float
    forecast: float


class DayShape(BaseModel):
    began_at: datetime
    spent: float


class CostShape(BaseModel):
    """Money in `currency`. Months begin in the team's own time zone."""

    currency: str
    total: SpendingShape
    projects: list[SpendingShape]
    people: list[SpendingShape]
    days: list[DayShape]


def _shape(it: Spending) -> SpendingShape:
    return SpendingShape(**vars(it))


def cost_shape(report: Report, currency: str) -> CostShape:
    return CostShape(
        currency=currency,
        total=_shape(report.total),
        projects=[_shape(each) for each in report.by_project],
        people=[_shape(each) for each in report.by_person],
        days=[DayShape(began_at=at(began), spent=spent) for began, spent in report.days],
    )


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["costs"])

    @routes.get("/costs")
    async def costs(caller: Reader, project: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "") -> CostShape:
        """Of all projects whose costs the caller may look at, or of one."""
        found = await reported(parts.store, parts.sight, caller.person, parts.money, project)
        return cost_shape(found, parts.money.prices().currency)

    return routes
