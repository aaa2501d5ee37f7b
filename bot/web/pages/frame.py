"""Templates and what they draw with. Everything is escaped; what is markup already was made by bot.rendering."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from bot.domain.environment import Environment
from bot.rendering import html
from bot.rendering.clean import web_address, words
from bot.rendering.progress import duration
from bot.rendering.spans import utc
from bot.replies import tone_of
from bot.replies.trading import key_seen
from bot.web.login_page import LoginPage
from bot.web.pages.sight import View
from bot.web.session import SignedIn

_HERE = Path(__file__).resolve().parents[1]
STATIC = _HERE / "static"

_PLACES = (
    ("/", "Environments"),
    ("/create", "Create"),
    ("/services", "Services"),
    ("/deploys", "Deploys"),
    ("/chat", "Chat"),
    ("/approvals", "Approvals"),
    ("/cost", "Cost"),
    ("/uptimes", "Uptimes"),
)
_FOR_OPERATORS = (("/audit", "Audit"), ("/system", "System"))


@cache
def static(name: str) -> str:
    """The address of a file of ours, which changes with its content: a browser may keep it for ever."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def moment(at: float | None, relative: str = "") -> Markup:
    if at is None:
        return Markup("\N{EN DASH}")
    time = datetime.fromtimestamp(at, UTC)
    more = Markup(" data-relative") if relative else Markup("")
    return Markup('<time datetime="{}"{}>{}</time>').format(time.isoformat(), more, utc(time))


def _link(url: str, label: str) -> Markup:
    return html.link(label, url)


def _href(url: str) -> str:
    return web_address(url) or "#"


def page_of(environment: Environment) -> str:
    """Where it is shown. One that is gone is named by its id too, for its slug may live again."""
    return f"/environments/{environment.slug}" + ("" if environment.is_live else f"?id={environment.id}")


@cache
def _templates() -> Templates:
    made = Templates(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(
        {
            "words": words,
            "moment": moment,
            "brief": duration,
            "link": _link,
            "href": _href,
            "line": html.line,
            "block": html.block,
            "stages": html.stages,
            "key_seen": key_seen,
        }
    )
    made.globals.update({"static": static, "tone": lambda environment: tone_of(environment).value, "page_of": page_of})
    return made


def draw(name: str, user: SignedIn | None, here: str = "", view: View | None = None, **more: Any) -> str:
    places = (*_PLACES, *(_FOR_OPERATORS if view and view.is_operator else ()))
    shown: Mapping[str, Any] = {"user": user, "view": view, "places": places, "here": here, "flash": Markup(""), **more}
    return _templates().get_template(name).render(shown)


def page(name: str, user: SignedIn, here: str, view: View, *, status: int = 200, **more: Any) -> HTMLResponse:
    return HTMLResponse(draw(name, user, here, view, **more), status_code=status)


def told(user: SignedIn, view: View, title: str, words: str, status: int) -> HTMLResponse:
    """A page that says one thing."""
    return page("told.html", user, "", view, status=status, title=title, words=words)


def for_operators(user: SignedIn, view: View) -> HTMLResponse:
    return told(user, view, "This page is for operators", "It needs the role admin.", 403)


def login(shown: LoginPage) -> str:
    """The page to sign in on, in the same frame."""
    return draw("login.html", None, page=shown)
