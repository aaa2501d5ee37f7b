"""The form that locks a shared environment, a service or all of them: it says the line that anybody could type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from bot.domain.catalogue import Catalogue
from bot.web.pages.create import quoted
from bot.web.pages.parts import Parts
from bot.web.pages.saying import back_to
from bot.web.session import User, form_of

PAGE = "/services/environments"
TIMES = (("", "until somebody unlocks it"), ("1h", "for an hour"), ("4h", "for 4 hours"), ("1d", "for a day"), ("7d", "for a week"))
_MOST = 500


@dataclass(frozen=True)
class Given:
    """The fields of the form; `warn` is empty for a lock that stops."""

    scope: str = ""
    reason: str = ""
    time: str = ""
    warn: str = ""

    @property
    def line(self) -> str:
        time = [f"--for={quoted(self.time)}"] if self.time else []
        return " ".join(["/sled lock", quoted(self.scope), f"--reason={quoted(self.reason)}", *time, *(["--warn"] if self.warn else [])])


def given_by(fields: Mapping[str, str]) -> Given:
    return Given(**{name: fields.get(name, "").strip()[:_MOST] for name in vars(Given())})


def scopes_of(catalogue: Catalogue, services: Sequence[str], groups: Sequence[str]) -> list[str]:
    """What can be locked of what may be seen, as people say it, the widest last."""
    places = [each.key for each in catalogue.in_order()]
    return [*places, *groups, *services, *(f"{service}:{place}" for service in services for place in places), "all"]


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False, prefix=PAGE)

    @routes.post("/lock")
    async def lock(request: Request, user: User) -> Response:
        given = given_by(await form_of(request))
        receipt = await parts.saying.say(user.person, given.line, PAGE)
        await parts.saying.outcome(user.person, receipt)
        return RedirectResponse(back_to(PAGE, receipt), status_code=303)

    return routes
