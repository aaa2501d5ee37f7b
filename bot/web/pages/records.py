"""What was done and how long things lived: the audit log and the distribution of uptimes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.domain.command import Event
from bot.rendering import charts
from bot.rendering.charts import Bar
from bot.rendering.progress import duration
from bot.replies import story
from bot.store import audit, overview
from bot.store.denials import REFUSED
from bot.store.overview import UPTIME_EDGES_H, Uptimes
from bot.store.transaction import Transaction
from bot.web.pages import frame
from bot.web.pages.environment import seen
from bot.web.pages.parts import Parts
from bot.web.pages.sight import View
from bot.web.session import User

_OF_LIFE = ("created", "updated", "pushed", "extended", "ready", "failed", "restart_asked", "cancel_asked", "unwanted", "gone", "refused")
_OF_TIME = ("paused", "kept", "transferred", "restored", "warned", "approval_wanted", "approval_late", "rejected")
KINDS = (*_OF_LIFE, *_OF_TIME)


@dataclass(frozen=True)
class Asked:
    actor: str = ""
    kind: str = ""
    project: str = ""
    environment: str = ""
    denied: str = ""
    before: str = ""


@dataclass(frozen=True)
class Row:
    event: Event
    slug: str
    words: str
    detail: str = ""


def asked_by(request: Request) -> Asked:
    given = {name: request.query_params.get(name, "").replace("\0", "").strip()[:200] for name in vars(Asked())}
    before = given["before"] if given["before"].isascii() and given["before"].isdigit() and len(given["before"]) < 16 else ""
    kind, denied = given["kind"] if given["kind"] in KINDS else "", "yes" if given["denied"] else ""
    return Asked(**{**given, "before": before, "kind": kind, "denied": denied})


async def _trail(look: Transaction, asked: Asked, view: View) -> audit.Trail:
    it = await seen(look, asked.environment, "", view) if asked.environment else None
    if asked.environment and it is None:
        return audit.Trail(())
    wanted = audit.Asked(
        view.projects,
        view.is_operator,
        asked.kind,
        asked.actor,
        asked.project,
        it.id if it else "",
        bool(asked.denied),
        int(asked.before or 0),
    )
    return await audit.trail(look.connection, wanted)


def row_of(entry: audit.Entry) -> Row:
    """A refusal says also what was said, where, and which rule decided it."""
    event, data = entry.event, entry.event.data
    if event.kind != REFUSED:
        return Row(event, entry.slug, story(event))
    named = [f"{name} {data[name]}" for name in ("rule", "argument") if data.get(name)]
    where = f"in a {data['place']}" if data.get("place") else f"from {data['client']}" if data.get("client") else ""
    return Row(event, entry.slug, story(event), " · ".join(filter(None, [str(data.get("line") or ""), *named, where])))


def bars_of(uptimes: Uptimes) -> list[Bar]:
    edges = [f"{hours} h" for hours in UPTIME_EDGES_H]
    labels = [f"< {edges[0]}", *(f"{low[:-2]}\N{EN DASH}{high}" for low, high in pairwise(edges)), f"> {edges[-1]}"]
    hints = [f"up to {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges)), f"more than {edges[-1]}"]
    return [Bar(label, count, hint) for label, count, hint in zip(labels, uptimes.counts, hints, strict=True)]


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/audit")
    async def trail(request: Request, user: User) -> Response:
        asked, view = asked_by(request), await parts.sight.of(user.person)
        if not view.is_operator:
            return frame.for_operators(user, view)
        async with parts.store.look() as look:
            found = await _trail(look, asked, view)
        rows = [row_of(each) for each in found.entries]
        older = "/audit?" + urlencode({**{name: value for name, value in vars(asked).items() if value}, "before": found.next})
        return frame.page(
            "audit.html",
            user,
            "/audit",
            view,
            asked=asked,
            kinds=KINDS,
            projects=parts.keys(view.projects),
            rows=rows,
            next=found.next,
            older=older,
        )

    @routes.get("/uptimes")
    async def uptimes(user: User) -> Response:
        view = await parts.sight.of(user.person)
        async with parts.store.look() as look:
            found = await overview.uptimes(look.connection, view.projects, look.now)
        bars = bars_of(found)
        chart = charts.bars(bars, "How long environments lived that went in the last 30 days")
        median = duration(found.median_s or 0)
        return frame.page("uptimes.html", user, "/uptimes", view, uptimes=found, bars=bars, chart=chart, median=median)

    return routes
