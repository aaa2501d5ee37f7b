"""Under which names the dashboard answers, and what every answer says to browsers. Environments' hosts never show the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

LOCAL_NAME = "trellis.localhost"
LOOPBACK = frozenset({"127.0.0.1", "::1", ""})
_THIS_MACHINE = frozenset({"127.0.0.1", "[::1]", "localhost"})
_ANY_NAME = ("/hooks/", "/console/", "/healthz", "/readyz", "/metrics", "/schema/", "/traefik/")

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers send `Origin: null` with our own forms, and we could not tell them from others'.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True)
class Base:
    """An address of the dashboard: scheme and host name, with the port where it is not the usual one."""

    scheme: str
    name: str
    netloc: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"


def base_of(url: str) -> Base:
    parts = urlsplit(url)
    return Base(parts.scheme, (parts.hostname or "").lower(), parts.netloc.lower())


@dataclass(frozen=True)
class Site:
    """The public address, if there is one, and the one on this machine."""

    public: Base | None
    local: Base

    @property
    def main(self) -> Base:
        return self.public or self.local

    def base(self, connection: HTTPConnection) -> Base | None:
        """The address that a request came to; None when its Host is no name of the dashboard."""
        name = _name_in(connection.headers)
        return next((base for base in (self.public, self.local) if base and base.name == name), None)

    def is_from_us(self, connection: HTTPConnection) -> bool:
        """Whether a browser says that one of our own pages of that very address made this request."""
        base = self.base(connection)
        if base is None:
            return False
        return connection.headers.get("origin") in {base.url, f"{base.scheme}://{connection.headers.get('host', '').lower()}"}


def site_of(public_url: str, port: int) -> Site:
    return Site(base_of(public_url) if public_url else None, base_of(f"http://{LOCAL_NAME}:{port}"))


def is_from_this_machine(connection: HTTPConnection) -> bool:
    """Whether it came over loopback and says of no proxy in between."""
    client = connection.client.host if connection.client else ""
    return client in LOOPBACK and not any(name.startswith("x-forwarded") or name == "forwarded" for name in connection.headers)


def is_asked_by_this_machine(connection: HTTPConnection) -> bool:
    """The same, by one of this machine's own names: no page of a stranger's that a browser here shows can ask so."""
    return is_from_this_machine(connection) and _name_in(connection.headers) in {*_THIS_MACHINE, LOCAL_NAME}


def _name_in(headers: Headers) -> str:
    """The host's name as it was asked for, without its port and the dot at its end."""
    host = headers.get("host", "").lower()
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.rstrip(".")


class Front:
    """Stands before everything: only the dashboard's own names reach its pages, and every answer is told how to be shown."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        base = self._site.base(connection)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _guard(MutableHeaders(scope=message), scope["path"], base)
            await send(message)

        answer = None if base else self._elsewhere(connection, scope)
        await (answer or self._app)(scope, receive, send_guarded)

    def _elsewhere(self, connection: HTTPConnection, scope: Scope) -> Response | None:
        """What is answered under a name that is not ours: platforms and tools may call us anything, browsers may not."""
        path, name = scope["path"], _name_in(connection.headers)
        if path.startswith(_ANY_NAME) or (name in _THIS_MACHINE and path.startswith("/api/")):
            return None
        if name in _THIS_MACHINE and scope["method"] in {"GET", "HEAD"}:
            # A cookie of `localhost` would go to whatever else listens on this machine: cookies do not look at ports.
            port = connection.headers.get("host", "").rpartition(":")[2]
            netloc = f"{LOCAL_NAME}:{port}" if port.isdigit() else LOCAL_NAME
            query = scope["query_string"].decode("latin-1")
            return RedirectResponse(f"http://{netloc}{path}" + (f"?{query}" if query else ""), status_code=307)
        log.warning("unknown_host", host=name[:100], path=path[:100])
        return PlainTextResponse("There is no dashboard under this name.\n", status_code=421)


def _guard(headers: MutableHeaders, path: str, base: Base | None) -> None:
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if not path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    if base and base.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
