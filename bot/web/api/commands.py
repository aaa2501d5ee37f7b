"""Saying commands: text in, an id out, and what became of it under that id."""

from __future__ import annotations

import hashlib
import time
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query, Response

from bot.domain.ids import new_id
from bot.domain.message import Dialect, Person, Platform, Said, Thread
from bot.domain.prose import Card, Reply
from bot.rendering import terminal
from bot.store.api_commands import Progress, SaidOnce, message_key
from bot.store.console import Wish
from bot.store.sessions import hash_of
from bot.store.tokens import key_of
from bot.web.api.caller import Commander, Reader
from bot.web.api.parts import Parts
from bot.web.api.shapes import CommandShape, ReplyShape, SaidShape, Saying, at, moment, prose_of
from bot.web.problem import Problem

_WIDTH = 100


def thread_of(person: Person, id: str) -> Thread:
    """A thread for each saying, so that nobody else's answers come between."""
    return Thread(Platform.WEB, f"web:{key_of(person)}:api-{id}", asker=person)


def _id_of(person: Person, idempotency_key: str | None) -> str:
    """The same key of the same person names the same saying."""
    if idempotency_key is None:
        return new_id()
    return hashlib.sha256(f"{key_of(person)}\0{idempotency_key}".encode()).hexdigest()[:32]


async def _say(parts: Parts, person: Person, text: str, id: str) -> SaidOnce:
    """Return when it is durable. Said twice under one id, it is heard once."""
    thread = thread_of(person, id)
    said_once = await parts.commands.begin(SaidOnce(id, key_of(person), hash_of(text), thread.address))
    if said_once.text_hash != hash_of(text):
        raise Problem(422, "other_text", "This Idempotency-Key was used for another text.")
    dialect = Dialect.MARKDOWN if "\n" in text else Dialect.LINE
    said = Said(message_key(id), person, thread, text, "", dialect, is_direct=True, said_at=said_once.created_at)
    await parts.inbox.take("web", message_key(id), "api", (said,))
    return said_once


def _shape(said: SaidOnce, progress: Progress) -> SaidShape:
    commands = [
        CommandShape(
            words=each.words,
            line=each.line,
            state=each.state,
            code=each.code,
            environment=progress.slugs.get(each.environment_id or ""),
            created_at=at(each.created_at),
            ended_at=moment(each.ended_at),
        )
        for each in progress.commands
    ]
    replies = [_reply(line.body) for line in progress.lines if line.kind == "post"]
    cards = [msgspec.json.decode(line.body, type=Card) for line in progress.lines if line.kind == "card"]
    card = terminal.draw(cards[-1], _WIDTH, False).rstrip() if cards else None  # noqa: FBT003
    return SaidShape(id=said.id, state=progress.state, commands=commands, replies=replies, card=card)


def _reply(body: str) -> ReplyShape:
    reply = msgspec.json.decode(body, type=Reply)
    text = terminal.draw(reply, _WIDTH, False).rstrip()  # noqa: FBT003
    return ReplyShape(text=text, tone=reply.tone, code=reply.code, prose=prose_of(body))


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["commands"])

    @routes.post("/commands", status_code=202, responses={202: {"description": "It will be heard; its receipt is under `Location`"}})
    async def say(
        saying: Saying,
        response: Response,
        caller: Commander,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")] = None,
    ) -> SaidShape:
        text = saying.text.strip()
        if not text or "\0" in text:
            raise Problem(422, "not_understood", "There is nothing to say in it.")
        said = await _say(parts, caller.person, text, _id_of(caller.person, idempotency_key))
        response.headers["Location"] = f"/api/v1/commands/{said.id}"
        return _shape(said, await parts.commands.progress(said))

    @routes.get("/commands/{id}")
    async def receipt(id: str, caller: Reader, wait_s: Annotated[float, Query(ge=0, le=25)] = 0) -> SaidShape:
        """What became of it. With `wait_s` the answer comes when it has ended, or after that time."""
        said = await parts.commands.find(id)
        if said is None or said.person_key != key_of(caller.person):
            raise Problem(404, "unknown_command", "You said nothing under this id.")
        until = time.monotonic() + wait_s
        while True:
            progress = await parts.commands.progress(said)
            if progress.state not in {"waiting", "running"} or time.monotonic() >= until:
                return _shape(said, progress)
            seen = progress.lines[-1].version if progress.lines else 0
            await parts.ears.wait(Wish(said.thread, message_key(said.id), seen), until - time.monotonic())

    return routes
