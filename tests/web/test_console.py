"""The console's door: for who can read the token in the data folder, on this machine, and nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app.engines import Place
from bot.app.web import web_app
from tests.conftest import EXAMPLES

if TYPE_CHECKING:
    from tests.world import World

SAYING = {"text": "/ivy list", "person": "dana"}


def _right(world: World) -> dict[str, str]:
    return {"authorization": "Bearer " + (world.settings.data_dir / "console.token").read_text()}


WRONG = (
    {"authorization": ""},
    {"authorization": "Bearer"},
    {"authorization": "Bearer "},
    {"authorization": "Bearer wrong"},
    {"authorization": "Basic ZGFuYTpkYW5h"},
    {"authorization": "Bearer \u00fc"},
    {"x-forwarded-for": "127.0.0.1"},
    {"x-forwarded-host": "trellis.localhost"},
    {"forwarded": "for=127.0.0.1"},
)


async def test_whoever_may_not_is_refused_before_anything_is_read(world: World) -> None:
    for more in WRONG:
        given_headers = {**_right(world), "content-type": "application/json", **more}
        headers = {name.encode(): value.encode("latin-1") for name, value in given_headers.items()}
        for body in (json.dumps(SAYING).encode(), b"{ no JSON", b""):
            assert (await world.web.post("/console/say", content=body, headers=headers)).status_code == 401
        assert (await world.web.get("/console/heard?thread=console:dana&key=x", headers=headers)).status_code == 401


async def test_from_another_machine_the_token_is_worth_nothing(world: World) -> None:
    app = web_app(world.settings, world.store, Place(world.engine, world.repositories))
    for client in ("192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "fe80::1"):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(client, 1)), base_url="http://trellis.localhost") as web:
            assert (await web.post("/console/say", json=SAYING, headers=_right(world))).status_code == 401


async def test_a_body_over_ten_mebibytes_is_too_large(world: World) -> None:
    body = b'{"person": "dana", "text": "' + b"x" * 10 * 1024 * 1024 + b'"}'
    assert (await world.web.post("/console/say", content=body, headers=_right(world))).status_code == 413


NOT_SAID = (
    b"",
    b"[]",
    b"{ no JSON",
    b"\xff",
    b'{"text": "/ivy list"}',
    b'{"person": "dana"}',
    *(json.dumps({**SAYING, "person": each}).encode() for each in ("", "../x", "a b", "-x", "x" * 41, "dana\n", "däna", 7, None)),
    *(json.dumps({**SAYING, "thread": each}).encode() for each in ("a:b", "a b", "x" * 61, "x\n")),
    json.dumps({**SAYING, "text": "x" * 65_537}).encode(),
)


async def test_what_cannot_be_said_is_a_422(world: World) -> None:
    for body in NOT_SAID:
        answer = await world.web.post("/console/say", content=body, headers=_right(world))
        assert answer.status_code == 422, body
        assert isinstance(answer.json()["detail"], str)
    assert await world.command_states() == []


async def test_a_name_and_a_text_that_are_none_are_said_in_words(world: World) -> None:
    for said, words in (
        ({"person": "eve\u202e"}, "A name has letters, digits,"),
        ({"text": "x" * 70_000}, "What is said may have 64 KiB."),
    ):
        answer = await world.web.post("/console/say", json={"text": "list", "person": "eve", **said}, headers=_right(world))
        assert (answer.status_code, words in answer.json()["detail"]) == (422, True)


async def test_what_is_said_is_heard(world: World) -> None:
    said = await world.web.post("/console/say", json={"text": "whoami", "person": "Dana"}, headers=_right(world))
    assert said.status_code == 202
    answer = said.json()
    assert answer["thread"] == "console:dana"
    await world.settle()
    query = {"thread": answer["thread"], "key": answer["key"], "after": answer["after"]}
    heard = (await world.web.get("/console/heard", params=query, headers=_right(world))).json()
    assert (heard["is_heard"], heard["is_settled"], heard["states"], len(heard["lines"])) == (True, True, ["done"], 1)


async def test_each_of_many_who_wait_hears_its_own_and_nobody_asks_for_all(world: World) -> None:
    people = [f"p{number}" for number in range(8)]
    said = [
        (await world.web.post("/console/say", json={"text": "whoami", "person": each}, headers=_right(world))).json() for each in people
    ]

    async def hears(receipt: dict[str, Any]) -> tuple[list[str], bool]:
        query, lines = {**receipt, "wait_s": 25}, list[str]()
        while True:
            heard = (await world.web.get("/console/heard", params=query, headers=_right(world))).json()
            lines += [line["body"] for line in heard["lines"]]
            query["after"] = max([query["after"], *(line["version"] for line in heard["lines"])])
            if heard["is_settled"] and not heard["lines"]:
                return lines, heard["states"] == ["done"]

    waiting = [asyncio.create_task(hears(each)) for each in said]
    await world.settle()
    for person, (lines, is_done) in zip(people, await asyncio.gather(*waiting), strict=True):
        assert is_done
        assert [person in line for line in lines] == [True]


async def test_of_what_was_never_said_nothing_is_heard(world: World) -> None:
    query: dict[str, Any] = {"thread": "console:dana", "key": "console:never", "wait_s": 0}
    answer = await world.web.get("/console/heard", params=query, headers=_right(world))
    assert answer.status_code == 200
    assert answer.json()["lines"] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=EXAMPLES // 2)
@given(text=st.text(st.characters(codec="utf-8"), max_size=300))
async def test_whatever_is_typed_is_answered_and_breaks_nothing(world: World, text: str) -> None:
    said = await world.web.post("/console/say", json={**SAYING, "text": text}, headers=_right(world))
    assert said.status_code == 202
    await world.settle()
    assert await world.is_all_answered()
