"""The console in the browser: one's own thread, with everything said in it and what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from bot.domain.prose import Card, Reply
from bot.store.console import ConsoleLine
from bot.web.pages import frame
from bot.web.pages.parts import Parts
from bot.web.pages.saying import SAID, drawn, thread_of
from bot.web.session import SignedIn, User

_MOST_LINES = 100
EXAMPLES = ("/ivy create demo", "/ivy list", "/ivy help", "/ivy whoami")


@dataclass(frozen=True)
class Bubble:
    """One's own words, or something of the bot's, drawn."""

    said: str | None = None
    drawn: Markup | str = ""


def talk_of(lines: Sequence[ConsoleLine], user: SignedIn) -> list[Bubble]:
    """Oldest first. A card stands where it was drawn last."""
    found = []
    for each in lines:
        if each.kind == SAID:
            found.append(Bubble(said=msgspec.json.decode(each.body, type=str)))
        elif each.kind == "post":
            found.append(Bubble(drawn=drawn(msgspec.json.decode(each.body, type=Reply), user, "/chat")))
        elif each.kind == "card":
            found.append(Bubble(drawn=drawn(msgspec.json.decode(each.body, type=Card), user, "/chat")))
    return found


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/chat")
    async def chat(user: User, text: str = "") -> Response:
        lines = await parts.lines.last(thread_of(user.person).address, _MOST_LINES)
        view = await parts.sight.of(user.person)
        return frame.page("chat.html", user, "/chat", view, talk=talk_of(lines, user), typed=text[:4096], examples=EXAMPLES)

    return routes
