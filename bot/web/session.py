"""Who is signed in, for pages and the API. Ask for it with `User` or `Visitor` in a route's signature.

The cookie holds 256 random bits, its row their hash. Under https it is `__Host-trellis` (Secure); over plain http, which is loopback
only, `trellis-local` without Secure, because not every browser keeps a Secure cookie there. A request that changes something must
come from one of our own pages (Origin) and bear the session's CSRF token; `signed_in` sees to both, so no route can forget it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, quote

from fastapi import Depends, FastAPI, Request
from starlette.exceptions import HTTPException as HTTPError
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot.domain.message import Person, Refused
from bot.store.sessions import Session, Sessions
from bot.web.hooks import read_body
from bot.web.problem import Problem, is_api, on_http, on_problem
from bot.web.site import Base, Site

_SAFE = {"GET", "HEAD", "OPTIONS"}
CSRF_HEADER = "x-csrf-token"


@dataclass(frozen=True)
class SignedIn:
    """`csrf` goes into every form (field `csrf`) or header (X-CSRF-Token) that changes something."""

    person: Person
    csrf: str
    method: str  # local, or the name of an OIDC provider
    expires_at: float


@dataclass(frozen=True)
class SignIn:
    """What sign-in works with; kept in `app.state.sign_in`."""

    sessions: Sessions
    site: Site
    lives_s: float

    async def begin(self, request: Request, response: Response, person: Person, method: str) -> None:
        """Sign a browser in: always a new session, never one that it came with."""
        base = self.site.base(request) or self.site.main
        secret = await self.sessions.begin(person, method, self.lives_s, instead_of=_secret_in(request, base))
        response.set_cookie(
            cookie_name(base), secret, max_age=int(self.lives_s), path="/", secure=base.is_secure, httponly=True, samesite="lax"
        )

    async def end(self, request: Request, response: Response) -> None:
        base = self.site.base(request) or self.site.main
        await self.sessions.end(_secret_in(request, base))
        response.delete_cookie(cookie_name(base), path="/", secure=base.is_secure, httponly=True, samesite="lax")


class NotSignedIn(Exception):  # noqa: N818 - it is an answer
    """A page leads to /login, the API says 401."""


class NotFromUs(Exception):  # noqa: N818 - it is an answer
    """A request that would change something, and not from one of our own pages."""


def cookie_name(base: Base) -> str:
    return "__Host-trellis" if base.is_secure else "trellis-local"


def csrf_of(secret: str) -> str:
    """The CSRF token of a session: follows from its secret, which scripts and other sites cannot read."""
    return urlsafe_b64encode(hmac.digest(secret.encode(), b"csrf", hashlib.sha256)).decode().rstrip("=")


def _secret_in(request: Request, base: Base | None) -> str:
    return request.cookies.get(cookie_name(base), "") if base else ""


def sign_in_of(request: Request) -> SignIn:
    found: SignIn = request.app.state.sign_in
    return found


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form (urlencoded) or of a flat JSON object. Raises Problem for anything else."""
    body = await body_of(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
        if kind == "application/json" and isinstance(found := json.loads(body), dict):
            return {key: value for key, value in found.items() if isinstance(value, str)}
    except ValueError:
        raise Problem(400, "not_read", "The body cannot be read.") from None
    raise Problem(415, "wrong_content_type", "Send a form or JSON.")


async def body_of(request: Request) -> bytes:
    """The body, read once, as far as is reasonable."""
    if not hasattr(request.state, "body"):
        try:
            request.state.body = await read_body(request)
        except Refused as error:
            raise Problem(error.status, "too_large", error.reason) from None
    body: bytes = request.state.body
    return body


async def visitor(request: Request) -> SignedIn | None:
    """Who is signed in, if anybody is. A request that changes something is refused unless one of our pages made it."""
    sign_in = sign_in_of(request)
    secret = _secret_in(request, sign_in.site.base(request))
    session: Session | None = await sign_in.sessions.find(secret)
    if session is None:
        return None
    found = SignedIn(session.person, csrf_of(secret), session.method, session.expires_at)
    if request.method not in _SAFE:
        await _must_be_from_us(request, sign_in.site, found.csrf)
    return found


async def _must_be_from_us(request: Request, site: Site, csrf: str) -> None:
    given = request.headers.get(CSRF_HEADER)
    if given is None and site.is_from_us(request):
        given = (await form_of(request)).get("csrf", "")
    if not site.is_from_us(request) or not hmac.compare_digest((given or "").encode(), csrf.encode()):
        raise NotFromUs


async def signed_in(found: Annotated[SignedIn | None, Depends(visitor)]) -> SignedIn:
    if found is None:
        raise NotSignedIn
    return found


Visitor = Annotated[SignedIn | None, Depends(visitor)]
User = Annotated[SignedIn, Depends(signed_in)]


def local_path(given: str) -> str:
    """Where to go after signing in: a path of ours, or the front page for anything that could lead away."""
    is_ours = given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable() and "\\" not in given
    return given if is_ours and len(given) <= 2000 else "/"


async def _on_not_signed_in(request: Request, _: Exception) -> Response:
    if is_api(request):
        challenge = {"WWW-Authenticate": "Bearer"}
        return Problem(401, "not_signed_in", "Send an API token, or sign in on the web page.", challenge).response()
    if request.method in {"GET", "HEAD"}:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/login" + ("" if here == "/" else f"?next={quote(here, safe='')}"), status_code=303)
    return PlainTextResponse("You are not signed in any more. Sign in, and do it again.\n", status_code=401)


async def _on_not_from_us(request: Request, _: Exception) -> Response:
    words = "This did not come from a page of ours, or the page was too old. Load it anew and try again."
    if is_api(request):
        return Problem(403, "not_from_us", words).response()
    return PlainTextResponse(f"{words}\n", status_code=403)


def install(app: FastAPI, sign_in: SignIn) -> None:
    """Make `User` and `Visitor` work in an app."""
    app.state.sign_in = sign_in
    app.add_exception_handler(NotSignedIn, _on_not_signed_in)
    app.add_exception_handler(NotFromUs, _on_not_from_us)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPError, on_http)
