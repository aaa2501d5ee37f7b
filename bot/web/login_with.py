"""The round trip to a provider: set out, come back, be signed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from bot.domain.message import Person, Platform
from bot.store.sessions import new_secret
from bot.store.web_people import WebPeople, WebPerson
from bot.web.login import Login
from bot.web.oidc import Claims, NotSignedInThere, Oidc
from bot.web.session import local_path, sign_in_of
from bot.web.site import Base, Site

log = structlog.get_logger()

_ROUND_TRIP_S = 600


@dataclass(frozen=True)
class _Back:
    """What a browser came back with."""

    state: str
    code: str
    error: str
    iss: str


def cookie_name(base: Base) -> str:
    return "__Host-trellis-sign-in" if base.is_secure else "trellis-local-sign-in"


def _way_back(site: Site, name: str) -> str:
    return f"{site.main.url}/login/back/{name}"


def router(login: Login, providers: Mapping[str, Oidc], people: WebPeople) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login/with/{name}")
    async def set_out(request: Request, name: str, next: str = "/") -> Response:
        site = sign_in_of(request).site
        if name not in providers:
            return login.page(next, "There is no such way to sign in.", 404)
        if site.base(request) != site.main:  # the provider leads back to the main address, and a cookie must be there then
            return RedirectResponse(f"{site.main.url}/login", status_code=303)
        state, secret = new_secret(), new_secret()
        try:
            address = await providers[name].address(_way_back(site, name), state, secret)
        except NotSignedInThere as error:
            log.warning("sign_in_refused", method=name, reason=str(error))
            return login.page(next, error.words, 503)
        await people.set_out(state, secret, name, local_path(next), _ROUND_TRIP_S)
        response = RedirectResponse(address, status_code=303)
        base = site.main
        response.set_cookie(
            cookie_name(base), secret, max_age=_ROUND_TRIP_S, path="/", secure=base.is_secure, httponly=True, samesite="lax"
        )
        return response

    async def known(request: Request, name: str, query: _Back) -> tuple[Claims, str]:
        """Who came back and where to go on. Raises NotSignedInThere; the state is worth nothing afterwards, either way."""
        site = sign_in_of(request).site
        secret = request.cookies.get(cookie_name(site.main), "")
        return_to = await people.came_back(query.state, secret, name)
        if return_to is None or name not in providers:
            raise NotSignedInThere("unknown state", "This sign-in was begun elsewhere, is too old or was used already. Begin again.")
        if query.error or not query.code or query.iss not in {"", providers[name].provider.issuer}:
            raise NotSignedInThere(f"the provider said {query.error[:100] or 'no code'}")
        return await providers[name].who(_way_back(site, name), query.code, secret), return_to

    @routes.get("/login/back/{name}")
    async def come_back(request: Request, name: str, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
        site = sign_in_of(request).site
        try:
            claims, return_to = await known(request, name, _Back(state, code, error, iss))
        except NotSignedInThere as refused:
            log.warning("sign_in_refused", method=name, reason=str(refused))
            return login.page(notice=refused.words, status=403)
        person = WebPerson(claims.id, claims.issuer, claims.subject, claims.name, claims.email, claims.role)
        await people.signed_in(person)
        response = RedirectResponse(return_to, status_code=303)
        response.delete_cookie(cookie_name(site.main), path="/", secure=site.main.is_secure, httponly=True, samesite="lax")
        await sign_in_of(request).begin(request, response, Person(Platform.WEB, claims.id, claims.name), name)
        log.info("signed_in", method=name, person=claims.id)
        return response

    return routes
