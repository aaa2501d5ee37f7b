"""CI registers what it built: once, by who may, with what can be checked checked; merged is the forge's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.store.tokens import Scope
from tests.api import Api, api_of

if TYPE_CHECKING:
    from tests.world import World

ONE = "1" * 40
PROGRAM = "import libdeploy as d\n"


def built(**more: Any) -> dict[str, Any]:
    given = {
        "service": "hello",
        "kind": "binary",
        "sha256": "a" * 64,
        "address": "https://files.example.com/hello",
        "commit": ONE,
        "program": PROGRAM,
    }
    return {**given, **more}


async def ci(world: World) -> Api:
    return await api_of(world, "ci", (Scope.ARTIFACTS,))


async def registers(api: Api, **more: Any) -> tuple[int, Any]:
    answer = await api.ask("POST", "/artifacts", json=built(**more))
    return answer.status_code, answer.json()


async def test_it_is_registered_once_and_listed(world: World) -> None:
    api = await ci(world)
    status, first = await registers(api, ref="refs/heads/demo", request=12, title="Say hello", author="dana", version="1.4", size_bytes=7)
    assert status == 201
    assert {**built(), **first} == first | {"program": PROGRAM}
    assert (first["number"], first["project"], first["merged_at"], first["registered_by"]) == (1, "lab", None, "console:ci")
    assert await registers(api, title="Another title", request=13) == (200, first)
    assert (await api.gets("/artifacts", service="hello"))["artifacts"] == [first]
    assert (await api.gets("/artifacts"))["artifacts"] == [first]
    assert (await api.gets("/artifacts", service="hello", commit="111"))["artifacts"] == [first]
    assert (await api.gets("/artifacts", service="hello", commit="222"))["artifacts"] == []


async def test_another_digest_of_the_commit_is_another_artifact(world: World) -> None:
    api = await ci(world)
    await registers(api)
    status, second = await registers(api, sha256="b" * 64)
    assert (status, second["number"]) == (201, 2)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"address": "https://files.example.com/other"}, "other_artifact"),
        ({"kind": "archive"}, "other_artifact"),
        ({"program": "import os\n"}, "other_artifact"),
        ({"contract_sha256": "c" * 64, "contract_address": "https://files.example.com/c"}, "other_artifact"),
        ({"program": "import os\n", "sha256": "b" * 64}, "other_program"),
    ],
)
async def test_what_is_registered_never_changes(world: World, more: dict[str, Any], code: str) -> None:
    api = await ci(world)
    _, first = await registers(api)
    assert await api.refused("POST", "/artifacts", json=built(**more)) == (409, code)
    assert (await api.gets("/artifacts"))["artifacts"] == [first]


async def test_merged_is_the_forges_word_at_once_or_later(world: World) -> None:
    api = await ci(world)
    world.lab["main"] = ONE
    assert (await registers(api, sha256="1" * 64))[1]["merged_at"] is not None
    world.repositories.is_down = True
    status, unknown = await registers(api, commit="2" * 40)
    assert (status, unknown["merged_at"]) == (201, None)
    world.repositories.is_down = False
    world.lab["main"] = "2" * 40
    assert (await registers(api, commit="2" * 40))[1]["merged_at"] is not None


@pytest.mark.parametrize(
    "more",
    [
        {"service": "Hello"},
        {"kind": "song"},
        {"sha256": "A" * 64},
        {"sha256": "a" * 63},
        {"commit": "main"},
        {"commit": "1" * 8},
        {"program": ""},
        {"program": "x\0"},
        {"program": "x" * (128 * 1024 + 1)},
        {"program": "é" * (100 * 1024)},
        {"address": "ftp://files.example.com/x"},
        {"address": "https://user:secret@files.example.com/x"},
        {"address": "https://files.example.com/x?X-Amz-Signature=1"},
        {"address": "https://files.example.com:port/x"},
        {"address": "https://files.example.com/a b"},
        {"address": "file://relative"},
        {"address": "javascript:alert(1)"},
        {"kind": "image", "address": "https://registry.example/shop/pay"},
        {"kind": "image", "address": "registry.example/shop/pay:latest"},
        {"kind": "image", "address": "registry.example/shop/pay@sha256:1"},
        {"ref": "main"},
        {"request": 0},
        {"title": "two\nlines"},
        {"contract_sha256": "c" * 64},
        {"contract_address": "https://files.example.com/c"},
        {"size_bytes": -1},
    ],
)
async def test_what_cannot_be_an_artifact_is_refused(world: World, more: dict[str, Any]) -> None:
    assert await (await ci(world)).refused("POST", "/artifacts", json=built(**more)) == (422, "not_understood")


async def test_half_a_character_is_no_text(world: World) -> None:
    raw = b'{"service": "hello", "kind": "binary", "sha256": "%s", "address": "https://x.example/x", "commit": "%s", "program": "\\ud800"}'
    body = raw % (b"a" * 64, b"1" * 40)
    assert await (await ci(world)).refused("POST", "/artifacts", content=body, headers={"content-type": "application/json"}) == (
        422,
        "not_understood",
    )


@pytest.mark.parametrize("address", ["registry.example/shop/pay", "registry.example:5000/pay", "pay", "ghcr.example/a/b/c_d-e.f"])
async def test_an_image_is_named_without_tag(world: World, address: str) -> None:
    assert (await registers(await ci(world), kind="image", address=address))[0] == 201


async def test_only_who_may_deploy_it_registers_and_a_token_for_it_can_do_nothing_else(world: World) -> None:
    api = await ci(world)
    for scopes in ((Scope.READ,), (Scope.COMMAND,)):
        assert await (await api_of(world, "ci", scopes)).refused("POST", "/artifacts", json=built()) == (403, "scope_missing")
    for path in ("/environments", "/audit", "/whoami"):
        assert await api.refused("GET", path) == (403, "scope_missing")
    assert await api.refused("POST", "/commands", json={"text": "/sled deploy hello --to dev"}) == (403, "scope_missing")
    assert await api.refused("POST", "/artifacts", json=built(service="nothing")) == (404, "unknown_service")
    stranger = await api_of(world, world_person(), (Scope.ADMIN,))
    assert await stranger.refused("POST", "/artifacts", json=built()) == (404, "unknown_service")
    assert await stranger.refused("GET", "/artifacts", params={"service": "hello"}) == (404, "unknown_service")
    assert (await stranger.gets("/artifacts"))["artifacts"] == []
    viewer = await api_of(world, world_person("U0VERA"), (Scope.ADMIN,))
    assert await viewer.refused("POST", "/artifacts", json=built()) == (403, "not_allowed")


def world_person(id: str = "U0NOBODY") -> Any:
    from bot.domain.message import Person, Platform

    return Person(Platform.SLACK, id, "somebody")


async def test_it_is_in_the_audit_log_once(world: World) -> None:
    api = await ci(world)
    await registers(api)
    await registers(api)
    owner = await api_of(world, "dana", (Scope.ADMIN,))
    found = [each for each in (await owner.gets("/audit"))["events"] if each["kind"] == "artifact_registered"]
    assert [(each["actor"], each["project"], each["data"]["service"]) for each in found] == [("console:ci", "lab", "hello")]
