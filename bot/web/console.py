"""What a terminal on this machine says and hears. Only who can read the token in the data folder may, and only from here."""

from __future__ import annotations

import hmac
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field, ValidationError

from bot.domain.ids import new_id
from bot.domain.message import Dialect, Person, Platform, Refused, Said, Thread
from bot.store.console import ConsoleStore, Wish
from bot.store.inbox import Inbox
from bot.store.sessions import Sessions
from bot.web.ears import Ears
from bot.web.hooks import read_body
from bot.web.site import Site, is_from_this_machine

_WRONG = {
    "text": "What is said may have 64 KiB.",
    "person": "A name has letters, digits, `.`, `_` and `-`, begins with one of the first two and has 40 of them at most.",
    "thread": "The name of a conversation has letters, digits, `.`, `_` and `-`, 60 at most.",
}
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
_MOST_WAIT_S = 25.0


def token_in(data_dir: Path) -> str:
    """The token that opens the console, made when there is none. The file is for its owner only."""
    path = data_dir / "console.token"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


class Saying(BaseModel):
    """A line typed in a terminal."""

    text: str = Field(max_length=64 * 1024)
    person: str = Field(pattern=_NAME, description="whose name it is said in")
    thread: str = Field(default="", max_length=60, pattern=r"^[A-Za-z0-9._-]*$")


class SigningIn(BaseModel):
    person: str = Field(pattern=_NAME, description="whom the link signs in")


class LinkAnswer(BaseModel):
    """`url` signs in once, within `lives_s` seconds, on this machine."""

    url: str
    lives_s: float


@dataclass(frozen=True)
class Links:
    """What one-time links are made with."""

    sessions: Sessions
    site: Site
    lives_s: float


class SaidAnswer(BaseModel):
    key: str
    thread: str
    after: int


class Shown(BaseModel):
    version: int
    kind: str
    marker: str
    body: str


class HeardAnswer(BaseModel):
    lines: list[Shown]
    is_heard: bool
    is_settled: bool
    states: list[str]


Body = TypeVar("Body", bound=BaseModel)


async def _body(request: Request, kind: type[Body]) -> Body:
    """What was sent. Read by us, for FastAPI reads a body, of any size, before it asks who may."""
    try:
        return kind.model_validate_json(await read_body(request))
    except Refused as error:
        raise HTTPException(error.status, error.reason) from None
    except ValidationError as error:
        fields = {str(each["loc"][0]) if each["loc"] else "": each["msg"] for each in error.errors(include_input=False)}
        raise HTTPException(422, " ".join(_WRONG.get(field, message) for field, message in fields.items())) from None


def person_called(name: str) -> Person:
    """Somebody at this machine, in a terminal or signed in by a link that it printed: the same person."""
    return Person(Platform.CONSOLE, name.lower(), name)


def router(inbox: Inbox, rows: ConsoleStore, token: str, links: Links) -> APIRouter:
    """`POST /console/say`, `GET /console/heard`, `POST /console/sign-in`."""

    def only_from_here(request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not is_from_this_machine(request) or not hmac.compare_digest(given, token.encode()):
            raise HTTPException(401, "the console is for this machine: use `trellis say`")

    routes = APIRouter(prefix="/console", dependencies=[Depends(only_from_here)])
    ears = Ears(rows)

    @routes.post("/say", status_code=202)
    async def say(request: Request) -> SaidAnswer:
        saying = await _body(request, Saying)
        person = person_called(saying.person)
        thread = Thread(Platform.CONSOLE, f"console:{saying.thread or saying.person.lower()}", asker=person)
        key = f"console:{new_id()}"
        after = await rows.newest()
        dialect = Dialect.MARKDOWN if "\n" in saying.text.strip() else Dialect.LINE
        said = Said(key, person, thread, saying.text.strip(), "", dialect, is_direct=True)
        await inbox.take("console", key, "say", (said,))
        return SaidAnswer(key=key, thread=thread.address, after=after)

    @routes.get("/heard")
    async def heard(thread: str, key: str, after: int = 0, wait_s: Annotated[float, Field(ge=0)] = 0) -> HeardAnswer:
        """What was said since `after`; waits for news up to `wait_s` seconds."""
        until = time.monotonic() + min(wait_s, _MOST_WAIT_S)
        while True:
            state = await rows.heard(thread, key)
            lines = await rows.lines(thread, after)
            if lines or state.is_settled or time.monotonic() >= until:
                shown = [Shown(version=each.version, kind=each.kind, marker=each.marker, body=each.body) for each in lines]
                return HeardAnswer(lines=shown, is_heard=state.is_heard, is_settled=state.is_settled, states=list(state.states))
            await ears.wait(Wish(thread, key, after), until - time.monotonic())

    @routes.post("/sign-in", status_code=201)
    async def sign_in(request: Request) -> LinkAnswer:
        """A link that opens the dashboard in somebody's name."""
        signing_in = await _body(request, SigningIn)
        code = await links.sessions.offer(person_called(signing_in.person), links.lives_s)
        return LinkAnswer(url=f"{links.site.local.url}/login/link/{code}", lives_s=links.lives_s)

    return routes
