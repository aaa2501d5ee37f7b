"""The front page: my environments, everybody's, and those that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.domain.environment import Environment, State
from bot.domain.message import Person
from bot.rendering.progress import duration
from bot.store import overview
from bot.store.overview import Wanted
from bot.store.transaction import Transaction
from bot.web.pages import frame, saying
from bot.web.pages.parts import Parts
from bot.web.pages.sight import View
from bot.web.session import User

_TABS = (("mine", "Mine"), ("all", "All"), ("past", "Past"))
_MOST_TEXT = 200


@dataclass(frozen=True)
class Asked:
    """The page's address, understood. Anything odd in it is as if it were not there."""

    show: str = "mine"
    text: str = ""
    project: str = ""
    state: str = ""
    owner: str = ""
    after: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.text or self.project or self.state or self.owner or self.after)

    def address(self, **changed: str) -> str:
        asked = replace(self, **changed)
        query = {name: value for name, value in vars(asked).items() if value and (name, value) != ("show", "mine")}
        return "/" + (f"?{urlencode(query)}" if query else "")

    def wanted(self, view: View, accounts: Sequence[Person]) -> Wanted:
        mine = [(each.platform.value, each.id) for each in accounts] if self.show == "mine" else None
        is_past = self.show == "past"
        state = "" if is_past else self.state
        return Wanted(view.projects, is_past, mine, self.project, self.owner, state, self.text, self.after)


def asked_by(request: Request) -> Asked:
    given = {name: request.query_params.get(name, "").replace("\0", "")[:_MOST_TEXT] for name in vars(Asked())}
    show = given["show"] if given["show"] in dict(_TABS) else "mine"
    state = given["state"] if given["state"] in set(State) else ""
    return Asked(**{**given, "show": show, "state": state})


async def _facts(look: Transaction, asked: Asked, view: View, person: Person) -> dict[str, Any]:
    accounts = await look.people.accounts_of(person)
    return {
        "page": await overview.page(look.connection, asked.wanted(view, accounts)),
        "counts": await overview.states(look.connection, view.projects),
        "owners": await _owners(look, asked, view),
        "lived": lambda each: lived(each, look.now),
    }


async def _owners(look: Transaction, asked: Asked, view: View) -> list[str]:
    if asked.show != "all":
        return []
    return sorted({*await overview.owners(look.connection, view.projects), *([asked.owner] if asked.owner else [])})


def lived(environment: Environment, now: float) -> str:
    return duration((environment.gone_at or now) - environment.created_at)


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def environments(request: Request, user: User) -> Response:
        asked, view = asked_by(request), await parts.sight.of(user.person)
        async with parts.store.look() as look:
            facts = await _facts(look, asked, view, user.person)
        page = facts.pop("page")
        page = replace(page, environments=await parts.sight.as_told(user.person, page.environments))
        return frame.page(
            "environments.html",
            user,
            "/",
            view,
            asked=asked,
            address=asked.address,
            tabs=_TABS,
            is_filtered=asked.is_filtered,
            projects=parts.keys(view.projects),
            all_states=[each.value for each in State if each is not State.GONE],
            demo=parts.demo if "sample" in view.projects else "",
            flash=await saying.flash(parts.saying, request, user),
            page=page,
            **facts,
        )

    return routes
