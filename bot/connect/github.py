"""`trellis connect github`: a GitHub App made from our manifest, its secrets into files that only the operator can read."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.chats.github_manifest import Made, api_of, exchange, is_code, manifest, page, pages_of
from bot.chats.remote import RemoteFailure
from bot.serving import Server
from bot.settings import Settings, SettingsError

_WAITS_S = 900.0
_DEFAULT_API = "https://api.github.com"
_SAFE = {
    "content-security-policy": "default-src 'none'; form-action https: http:; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    name: str = ""
    org: str = ""
    url: str = ""
    port: int = 0
    code: str = ""
    is_manual: bool = False


async def github(settings: Settings, wanted: Wanted, show: Callable[[str], object] = webbrowser.open) -> int:
    """0: the App is there, or it was said how to make it; 1: it is not. `show` opens an address in a browser."""
    key, lines = settings.data_dir / "github-app.pem", settings.data_dir / "github-app.toml"
    if there := next((each for each in (key, lines) if each.exists()), None):
        raise SettingsError(f"{there} is there already: an App was made. Move it away to make another one")
    if wanted.url and urlsplit(wanted.url).scheme not in {"http", "https"}:
        raise SettingsError("--url: use an address that begins with https://")
    api_url = api_of(wanted.url) if wanted.url else settings.github.api_url if settings.github else _DEFAULT_API
    code = wanted.code
    if not code and wanted.is_manual:
        return _manual(settings, wanted, api_url)
    try:
        made = await exchange(api_url, code or await _by_browser(settings, wanted, api_url, show))
    except (RemoteFailure, TimeoutError) as error:
        sys.stderr.write(f"trellis: {error or 'GitHub did not lead back here in time'}\n")
        return 1
    _keep(made, api_url, key, lines)
    _say_what_is_left(made, lines)
    return 0


def _name(settings: Settings, wanted: Wanted) -> str:
    """Names of Apps are one for all of GitHub: the host's is likely to be free."""
    host = urlsplit(settings.public_url).hostname if settings.public_url else socket.gethostname()
    return (wanted.name or f"Trellis {host}")[:34].strip()


def _manual(settings: Settings, wanted: Wanted, api_url: str) -> int:
    file = settings.data_dir / "github-app.html"
    back = settings.public_url or "http://127.0.0.1"
    made = manifest(_name(settings, wanted), settings.public_url, f"{back.rstrip('/')}/github-app")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    file.write_text(page(pages_of(api_url), wanted.org, secrets.token_urlsafe(16), made), encoding="utf-8")
    url = f" --url {wanted.url}" if wanted.url else ""
    sys.stdout.write(
        f"1. Open {file} in a browser, anywhere, and press its button. GitHub shows the App and asks for its name.\n"
        "2. GitHub then leads to an address that need not answer: it ends with ?code=…&state=…\n"
        f"3. Within the hour: trellis connect github{url} --code CODE\n"
    )
    return 0


async def _by_browser(settings: Settings, wanted: Wanted, api_url: str, show: Callable[[str], object]) -> str:
    """Lead a browser of this machine to GitHub, and wait until it comes back with a code. Raises TimeoutError."""
    state, code = secrets.token_urlsafe(32), asyncio.get_running_loop().create_future()
    listener = socket.create_server(("127.0.0.1", wanted.port))
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    made = manifest(_name(settings, wanted), settings.public_url, f"{here}/back")

    def lead(_: Request) -> Response:
        return HTMLResponse(page(pages_of(api_url), wanted.org, state, made), headers=_SAFE)

    def back(request: Request) -> Response:
        given, found = request.query_params.get("state", ""), request.query_params.get("code", "")
        if not hmac.compare_digest(given.encode(), state.encode()) or not is_code(found):
            return PlainTextResponse("This is not what was waited for. Begin anew in the terminal.", 400, _SAFE)
        if not code.done():
            code.set_result(found)
        return PlainTextResponse("Thank you. The rest is in the terminal; this page can be closed.", headers=_SAFE)

    app = Starlette(routes=[Route("/", lead), Route("/back", back)])
    server = Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    sys.stdout.write(f"Open {here} in a browser of this machine (none here? trellis connect github --manual)\n")
    sys.stdout.flush()
    show(here)
    try:
        async with asyncio.timeout(_WAITS_S):
            return str(await code)
    finally:
        server.should_exit = True
        await serving


def _keep(made: Made, api_url: str, key: Path, lines: Path) -> None:
    """Into files that nobody else can read; none is ever written over."""
    key.parent.mkdir(parents=True, exist_ok=True)
    settings = ["[github]", f'app_id = "{made.id}"', f'private_key_file = "{key.absolute()}"']
    settings += [f'api_url = "{api_url}"'] if api_url != _DEFAULT_API else []
    settings += [f'webhook_secret = "{made.webhook_secret}"'] if made.webhook_secret else []
    for path, text in ((key, made.pem), (lines, "\n".join(settings) + "\n")):
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text)


def _say_what_is_left(made: Made, lines: Path) -> None:
    unhooked = 'It has no webhook: give its projects receive = "polling", or set TRELLIS_PUBLIC_URL and make it anew.\n'
    hook = "" if made.webhook_secret else unhooked
    sys.stdout.write(
        f"The App {made.slug} is made: {made.html_url}\n{hook}"
        f"1. Put the lines of {lines} into trellis.toml (they are secret; a token of GitHub's beside them goes).\n"
        f"2. Install it where your projects are: {made.html_url}/installations/new\n"
        "3. Start Trellis anew and look: trellis doctor\n"
    )
