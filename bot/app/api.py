"""The API, wired."""

from __future__ import annotations

from fastapi import FastAPI

from bot.store.api_commands import ApiCommands
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.store.tokens import Tokens
from bot.web.api.app import api_app
from bot.web.api.caller import Callers
from bot.web.api.parts import Parts
from bot.web.pages.parts import Parts as Pages
from bot.web.session import SignIn


def api_of(store: Store, inbox: Inbox, pages: Pages, sign_in: SignIn, console_token: str) -> FastAPI:
    """It sees and watches what the pages do."""
    tokens = Tokens(store)
    parts = Parts(store, inbox, tokens, ApiCommands(store), pages.sight, pages.runtime, pages.money, pages.watch)
    return api_app(parts, Callers(store, tokens, console_token), sign_in)
