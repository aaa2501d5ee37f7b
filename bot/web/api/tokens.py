"""One's own API tokens: made, listed and revoked. Nobody sees or makes another's."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.store.tokens import within
from bot.web.api.caller import Administrator, Caller, Callers, Reader
from bot.web.api.parts import Parts
from bot.web.api.shapes import MadeToken, NewToken, TokenList, WhoAmI, person_shape, token_fields, token_shape
from bot.web.problem import Problem

_DAY_S = 86_400.0


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["tokens"])

    @routes.get("/whoami")
    async def whoami(caller: Reader) -> WhoAmI:
        projects = sorted((await parts.sight.of(caller.person)).projects)
        return WhoAmI(person=person_shape(caller.person), scopes=sorted(caller.scopes), projects=projects, csrf=caller.csrf)

    @routes.get("/tokens")
    async def tokens(caller: Reader) -> TokenList:
        return TokenList(tokens=[token_shape(each) for each in await parts.tokens.of(caller.person)])

    @routes.post("/tokens", status_code=201)
    async def create(new: NewToken, caller: Administrator) -> MadeToken:
        """It is shown this once, and may do no more than its person may."""
        token, shown = await parts.tokens.create(caller.person, new.name, sorted(within(new.scopes)), new.days * _DAY_S)
        return MadeToken(**token_fields(token), token=shown)

    @routes.delete("/tokens/{id}", status_code=204)
    async def revoke(id: str, request: Request, caller: Reader) -> Response:
        """A token without the scope admin can revoke itself only."""
        if not _may_revoke(caller, id):
            callers: Callers = request.app.state.callers
            await callers.deny(request, caller, "scope_missing")
        if not await parts.tokens.revoke(caller.person, id):
            raise Problem(404, "unknown_token", "You have no token of this id.")
        return Response(status_code=204)

    return routes


def _may_revoke(caller: Caller, id: str) -> bool:
    return caller.via == id or "admin" in caller.scopes
