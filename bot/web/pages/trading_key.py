"""The API key of a trading environment: shown once, to whoever may change it, and written down to whom."""

from __future__ import annotations

from typing import Protocol

import structlog
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from bot.domain.command import Event
from bot.domain.environment import Environment
from bot.domain.trading_key import TradingKey
from bot.store.tokens import key_of
from bot.web.pages import environment as pages
from bot.web.pages import frame
from bot.web.pages.parts import Parts
from bot.web.session import SignedIn, User

log = structlog.get_logger()

WORDS = "ivy restart"
"""Whoever may say this may have its key: by a push it could be had anyway."""


class NotReadable(Exception):  # noqa: N818 - a sentence, as the ports have them
    """Who keeps the secrets does not give it now."""


class KeyReading(Protocol):
    async def read(self, environment: str, number: int) -> str:
        """The key of that number. Raises NotReadable."""


async def _shown(parts: Parts, it: Environment, key: TradingKey, user: SignedIn) -> bool:
    """Whether it is shown now, and to this person."""
    async with parts.store.transaction() as transaction:
        if not await transaction.trading.show(key, user.person.name or user.person.id):
            return False
        event = Event(at=transaction.now, kind="key_shown", environment_id=it.id, project=it.project, actor=key_of(user.person))
        await transaction.note(event)
        return True


def router(parts: Parts, keys: KeyReading) -> APIRouter:
    routes = APIRouter(include_in_schema=False, prefix="/environments/{slug}/key")

    @routes.get("")
    async def back(slug: str, user: User) -> Response:  # noqa: ARG001 - only who is signed in is led anywhere
        return RedirectResponse(f"/environments/{slug}", status_code=303)

    @routes.post("")
    async def show(request: Request, user: User, slug: str) -> Response:
        view = await parts.sight.of(user.person)
        async with parts.store.look() as look:
            it = await pages.seen(look, slug, request.query_params.get("id", ""), view)
            known = await look.trading.key(it.id) if it else None
        if it is None:
            return pages.not_here(user, view, slug)
        if not await parts.sight.may(user.person, [it], WORDS):
            return pages.not_allowed(user, view, WORDS)
        try:
            key = await keys.read(it.id, known.number if known else 0)
        except NotReadable as problem:
            log.warning("key_not_read", environment=it.id, reason=str(problem))
            return frame.told(user, view, "Its key cannot be shown now", f"Nobody has seen it by this press. Why: {problem}.", 503)
        if known is None or not await _shown(parts, it, known, user):
            return frame.told(user, view, "Its key was shown before", "It is shown once: its page says to whom, and when.", 409)
        return frame.page("trading_key.html", user, "", view, it=it, key=key)

    return routes
