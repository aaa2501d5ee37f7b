"""Signing in and out: the page, the one-time link of this machine, and the end of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.store.sessions import Sessions
from bot.web import login_page
from bot.web.login_page import DrawLogin, LoginPage
from bot.web.session import User, Visitor, local_path, sign_in_of
from bot.web.site import is_from_this_machine

log = structlog.get_logger()

LOCAL = "local"


@dataclass(frozen=True)
class Login:
    """How one may sign in, and how the page for it is drawn."""

    sessions: Sessions
    is_local: bool
    providers: Mapping[str, str] = field(default_factory=dict)
    draw: DrawLogin = login_page.draw

    def page(self, return_to: str = "/", notice: str = "", status: int = 200) -> Response:
        page = LoginPage(local_path(return_to), notice, self.providers, self.is_local)
        return HTMLResponse(self.draw(page), status_code=status)


def router(login: Login) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    async def page(visitor: Visitor, next: str = "/") -> Response:
        return RedirectResponse(local_path(next), status_code=303) if visitor else login.page(next)

    @routes.get("/login/link/{code}")
    async def link(request: Request, code: str) -> Response:
        """A link printed on this machine. It works once, soon, and only here."""
        person = await login.sessions.redeem(code) if is_from_this_machine(request) else None
        if person is None:
            log.warning("sign_in_refused", method=LOCAL, client=request.client.host if request.client else "")
            return login.page(
                notice="This link was used already, is too old, or is not of this machine. Have a new one: trellis open", status=403
            )
        response = RedirectResponse("/", status_code=303)
        await sign_in_of(request).begin(request, response, person, LOCAL)
        log.info("signed_in", method=LOCAL, person=person.id)
        return response

    @routes.post("/logout")
    async def logout(request: Request, user: User) -> Response:
        response = RedirectResponse("/login", status_code=303)
        await sign_in_of(request).end(request, response)
        log.info("signed_out", person=user.person.id)
        return response

    return routes
