"""API tokens: shown once, kept as a hash, bounded in scope and time, revocable; what is denied is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import select

from bot.app.engines import Place
from bot.app.web import web_app
from bot.store.tables import events
from bot.store.tokens import Scope, Tokens, within
from bot.store.web_tables import api_tokens
from bot.web.console import person_called
from tests.api import Api, api_of, here, token_for

if TYPE_CHECKING:
    from tests.world import World

MUTATING = (
    ("POST", "/commands", {"text": "/ivy create lab:demo"}),
    ("POST", "/tokens", {"name": "x", "scopes": ["read"]}),
    ("DELETE", "/tokens/01", None),
)


async def _denied(world: World) -> list[tuple[str, object]]:
    async with world.store.look() as look:
        rows = await look.connection.execute(select(events.c.actor, events.c.data).where(events.c.kind == "refused"))
        return [(row.actor, row.data["code"]) for row in rows]


async def test_a_token_is_made_used_listed_and_revoked(world: World) -> None:
    owner = Api(world, here(world))
    made = (await owner.ask("POST", "/tokens", json={"name": "ci", "scopes": ["command"], "days": 7})).json()
    assert made["token"].startswith("trl_")
    assert len(made["token"]) == 4 + 43
    assert made["scopes"] == ["command", "read"]
    program = Api(world, {"authorization": f"Bearer {made['token']}"})
    assert (await program.gets("/whoami"))["person"]["id"] == "dana"
    assert (await program.says("/ivy whoami"))["state"] == "done"
    [listed] = (await owner.gets("/tokens"))["tokens"]
    assert (listed["name"], listed["last_used_at"], listed["expires_at"]) == ("ci", "2026-11-30T12:00:00Z", "2026-12-07T12:00:00Z")
    assert "token" not in listed
    assert (await owner.ask("DELETE", f"/tokens/{made['id']}")).status_code == 204
    assert await program.refused("GET", "/whoami") == (401, "bad_token")
    assert [each["kind"] for each in (await owner.gets("/audit"))["events"] if each["kind"].startswith("token")] == [
        "token_revoked",
        "token_created",
    ]


async def test_only_its_hash_is_kept(world: World) -> None:
    token = await token_for(world)
    async with world.store.look() as look:
        for table in (api_tokens, events):
            assert token not in str((await look.connection.execute(select(table))).all())


async def test_a_token_ends(world: World) -> None:
    program = Api(world, {"authorization": f"Bearer {await token_for(world, lives_s=60)}"})
    assert (await program.ask("GET", "/whoami")).status_code == 200
    world.clock.advance(seconds=61)
    assert await program.refused("GET", "/whoami") == (401, "bad_token")
    assert await _denied(world) == [("console:dana", "bad_token")]


@pytest.mark.parametrize(("method", "path", "body"), MUTATING)
async def test_each_change_is_denied_to_whoever_may_not(world: World, method: str, path: str, body: dict[str, object] | None) -> None:
    nobody, reader = Api(world, {}), await api_of(world, scopes=(Scope.READ,))
    assert await nobody.refused(method, path, json=body) == (401, "not_signed_in")
    for shown in ("Bearer trl_guessed", "Bearer", "Bearer ", "Basic ZGFuYTpk", "trl_x", "Bearer " + "x" * 5000):
        assert await Api(world, {"authorization": shown}).refused(method, path, json=body) == (401, "bad_token")
    assert await reader.refused(method, path, json=body) == (403, "scope_missing")
    assert await world.command_states() == []
    assert ("console:dana", "scope_missing") in await _denied(world)
    assert ("strangers", "bad_token") in await _denied(world)


async def test_nobody_sees_or_ends_the_token_of_another(world: World) -> None:
    token, _ = await Tokens(world.store).create(person_called("dana"), "hers", [Scope.READ], 60)
    erin = await api_of(world, "erin", (Scope.ADMIN,))
    assert [each["name"] for each in (await erin.gets("/tokens"))["tokens"]] == ["a program"]
    assert await erin.refused("DELETE", f"/tokens/{token.id}") == (404, "unknown_token")


async def test_a_token_can_always_end_itself_and_makes_no_other(world: World) -> None:
    reader = await api_of(world, scopes=(Scope.READ,))
    [own] = (await reader.gets("/tokens"))["tokens"]
    assert await reader.refused("POST", "/tokens", json={"name": "x", "scopes": ["admin"]}) == (403, "scope_missing")
    assert (await reader.ask("DELETE", f"/tokens/{own['id']}")).status_code == 204
    assert await reader.refused("GET", "/whoami") == (401, "bad_token")


async def test_this_machines_own_token_is_for_this_machine(world: World) -> None:
    assert (await Api(world, here(world)).ask("GET", "/whoami")).status_code == 200
    assert await Api(world, here(world, "a b")).refused("GET", "/whoami") == (401, "which_person")
    assert await Api(world, {**here(world), "x-forwarded-for": "192.0.2.1"}).refused("GET", "/whoami") == (401, "bad_token")
    app = web_app(world.settings, world.store, Place(world.engine, world.repositories))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("192.0.2.7", 1)), base_url="http://trellis.localhost") as web:
        assert (await web.get("/api/v1/whoami", headers=here(world))).status_code == 401


async def test_whoever_guesses_does_not_fill_the_tables(world: World) -> None:
    guesser = Api(world, {"authorization": "Bearer trl_guessed"})
    for _ in range(80):
        assert await guesser.refused("GET", "/whoami") == (401, "bad_token")
    assert 0 < len(await _denied(world)) < 80


def test_each_scope_holds_those_before_it() -> None:
    assert within([]) == frozenset()
    assert within([Scope.READ]) == {Scope.READ}
    assert within([Scope.COMMAND]) == {Scope.READ, Scope.COMMAND}
    assert within([Scope.ADMIN]) == set(Scope)
