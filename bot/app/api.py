"""The API, wired."""

from __future__ import annotations

from fastapi import FastAPI

from bot.context import Runtime
from bot.store.api_commands import ApiCommands
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.store.tokens import Tokens
from bot.web.api.app import api_app
from bot.web.api.caller import Callers
from bot.web.api.parts import Parts, Sight
from bot.web.session import SignIn


def api_of(store: Store, inbox: Inbox, sight: Sight, runtime: Runtime, sign_in: SignIn, console_token: str) -> FastAPI:
    tokens = Tokens(store)
    return api_app(Parts(store, inbox, tokens, ApiCommands(store), sight, runtime), Callers(store, tokens, console_token), sign_in)
