"""`/traefik/configuration`, `/traefik/auth`, `/traefik/page/…` for Traefik, and `/enter` for people."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from bot.web.metrics import Readers
from bot.web.pages import frame
from bot.web.pages.environment import seen
from bot.web.pages.parts import Parts
from bot.web.session import User
from bot.web.traefik.hand_over import Gate, LedTo, Passes, Refused, slug_of, wanted_of
from bot.web.traefik.routes import Routes
from provisioner import pages

_PAGES = {"unknown": (404, pages.NOT_FOUND), "waiting": (503, pages.NOT_UP)}
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_STYLED = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


def for_traefik(routes: Routes, gate: Gate, readers: Readers) -> APIRouter:
    made = APIRouter(prefix="/traefik", include_in_schema=False)

    @made.get("/configuration")
    async def configuration(request: Request) -> Response:
        if not readers.may_read(request):
            return PlainTextResponse("This is for Traefik: on this machine, or with the token (TRELLIS_TRAEFIK__TOKEN).\n", 403)
        found = await routes.made()
        headers = {"ETag": found.tag, "Cache-Control": "no-cache"}
        if found.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(found.body, media_type="application/json", headers=headers)

    @made.get("/auth")
    async def auth(request: Request) -> Response:
        answer = await gate.decide(request.headers, request.cookies)
        if isinstance(answer, Passes):
            return Response(status_code=200)
        if isinstance(answer, Refused):
            return PlainTextResponse(f"{answer.words}\n", answer.status)
        return _led(answer, is_secure=gate.place.is_secure)

    @made.api_route("/page/{name}", methods=_METHODS)
    async def page(request: Request, name: str) -> Response:
        status, body = _PAGES.get(name, _PAGES["unknown"])
        label = gate.place.label(request.headers.get("x-forwarded-host", ""))
        if name == "paused" and label:
            status, body = 503, pages.is_stopped(f"{gate.place.dashboard}/environments/{slug_of(label)}")
        again = {"Retry-After": pages.LOOK_AGAIN_S} if name == "waiting" else {}
        return HTMLResponse(body, status, {**_STYLED, **again})

    return made


def _led(answer: LedTo, *, is_secure: bool) -> Response:
    response = RedirectResponse(answer.url, status_code=303)
    for name, value, seconds in answer.cookies:
        response.set_cookie(name, value, max_age=seconds, path="/", secure=is_secure, httponly=True, samesite="lax")
    return response


def for_people(parts: Parts, gate: Gate) -> APIRouter:
    made = APIRouter(include_in_schema=False)

    @made.get("/enter")
    async def enter(user: User, label: str = "", to: str = "/", asked: str = "") -> Response:
        """Hand somebody over to an environment that they may see."""
        view = await parts.sight.of(user.person)
        slug = slug_of(label) if gate.place.label(f"{label}.{gate.place.domain}") == label else ""
        async with parts.store.look() as look:
            found = await seen(look, slug, "", view) if slug else None
        words = wanted_of(label)
        if found and found.is_live and (words, found.id) in await parts.sight.may(user.person, [found], words):
            return RedirectResponse(await gate.ticket(user.person, label, to, asked), status_code=303)
        return frame.told(user, view, "There is no such environment", f"None that you may see is called {label[:60]}.", 404)

    return made
