"""A command from a page: said in the person's own thread, heard by the bus like any other, its answer shown where it was said."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from bot.domain.command import CommandState
from bot.domain.ids import new_id
from bot.domain.message import Dialect, Person, Platform, Said, Thread
from bot.domain.prose import Card, Reply
from bot.rendering import html
from bot.rendering.html import Pressing
from bot.store.console import ConsoleStore, Heard, Wish
from bot.store.inbox import Inbox
from bot.web.ears import Ears
from bot.web.session import SignedIn, User, form_of, local_path

_PATIENCE_S = 4.0
_MOST = 4_096
SAID = "said"
"""The kind of a line of the person, among the posts and cards of the bot."""


def thread_of(person: Person) -> Thread:
    return Thread(Platform.WEB, f"web:{person.platform}:{person.id}"[:400], asker=person)


@dataclass(frozen=True)
class Receipt:
    """Enough to find what came of it: the message's key and how far its thread had come."""

    key: str
    after: int


class Saying:
    """`ears` hear for all who wait on pages and by the API."""

    def __init__(self, inbox: Inbox, lines: ConsoleStore) -> None:
        self._inbox = inbox
        self._lines = lines
        self.ears = Ears(lines)

    async def say(self, person: Person, text: str, button: str = "") -> Receipt:
        """Return when it is durable; whoever is told of it knows that it will be heard. `button` is what was pressed, if anything."""
        thread, key, line = thread_of(person), f"web:{new_id()}", text.strip()[:_MOST]
        await self._lines.put(thread.address, SAID, key, msgspec.json.encode(line).decode())
        after = await self._lines.newest()
        said = Said(key, person, thread, line, "", Dialect.LINE, is_direct=True)
        if button:
            pressed = hashlib.sha256(f"{thread.address}\n{button}\n{line}".encode()).hexdigest()
            said = msgspec.structs.replace(said, pressed=pressed, said_at=await self._lines.now())
        await self._inbox.take("web", key, "say", (said,))
        return Receipt(key, after)

    async def outcome(self, person: Person, receipt: Receipt, patience_s: float = _PATIENCE_S) -> tuple[Heard, list[Reply]]:
        """What was answered so far, waiting a little for what it is; work that goes on is not waited for."""
        thread = thread_of(person).address
        until = time.monotonic() + patience_s
        while True:
            heard = await self._lines.heard(thread, receipt.key)
            lines = await self._lines.lines(thread, receipt.after)
            mine = takewhile(lambda each: each.kind != SAID, lines)  # what follows answers that
            replies = [msgspec.json.decode(each.body, type=Reply) for each in mine if each.kind == "post"]
            if heard.is_settled or CommandState.RUNNING in heard.states or time.monotonic() >= until:
                return heard, replies
            seen = lines[-1].version if lines else receipt.after
            await self.ears.wait(Wish(thread, receipt.key, seen, begun=True), until - time.monotonic())


async def flash(saying: Saying, request: Request, user: SignedIn) -> Markup:
    """What came of a press that led back to this page; nothing without one."""
    said, after = request.query_params.get("said", ""), request.query_params.get("after_line", "")
    if not said.startswith("web:") or not after.isdigit() or len(after) > 15:
        return Markup("")
    heard, replies = await saying.outcome(user.person, Receipt(said, int(after)), 0.0)
    if replies:
        pressing = Pressing("/say", user.csrf, request.url.path)
        return Markup("<div class=flash role=status>{}</div>").format(Markup("").join(html.draw(each, pressing) for each in replies))
    if not heard.is_settled:
        return Markup('<p class="flash note" role=status>Heard; it is being done.</p>')
    return Markup("")


def back_to(path: str, receipt: Receipt) -> str:
    """The page of before, told what was said."""
    parts = urlsplit(local_path(path))
    query = [each for each in parse_qsl(parts.query) if each[0] not in {"said", "after_line"}]
    return f"{parts.path}?{urlencode([*query, ('said', receipt.key), ('after_line', str(receipt.after))])}"


def drawn(line: Reply | Card, user: SignedIn, back: str) -> Markup:
    return html.draw(line, Pressing("/say", user.csrf, back))


def router(saying: Saying) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.post("/say")
    async def say(request: Request, user: User) -> Response:
        form = await form_of(request)
        text, back = form.get("line", "").strip(), form.get("back", "/")
        if not text:
            return RedirectResponse(local_path(back), status_code=303)
        receipt = await saying.say(user.person, text, "" if form.get("typed") else back)
        if urlsplit(back).path == "/chat":
            if form.get("wait") != "no":
                await saying.outcome(user.person, receipt)
            return RedirectResponse("/chat", status_code=303)
        await saying.outcome(user.person, receipt)
        return RedirectResponse(back_to(back, receipt), status_code=303)

    return routes
