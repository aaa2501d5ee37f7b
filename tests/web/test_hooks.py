"""The webhook edge: nothing is parsed before it is trusted, nothing is acknowledged before it is durable, nothing is ever a 500."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.app.engines import Place
from bot.app.web import web_app
from bot.store.tables import messages
from tests.world import World

MIB = 1024 * 1024
EVENTS = ("issue_comment", "pull_request_review_comment", "pull_request", "push", "delete", "ping", "star", "")
HOOKS = ("Note Hook", "Merge Request Hook", "Push Hook", "Tag Push Hook", "Confidential Note Hook", "Job Hook", "")


def github(world: World, body: bytes, event: str = "issue_comment", **more: str) -> dict[str, str]:
    signature = hmac.new(world.github.secret.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-github-event": event, "x-hub-signature-256": f"sha256={signature}", **more}


def gitlab(world: World, event: str = "Note Hook") -> dict[str, str]:
    return {"content-type": "application/json", "x-gitlab-event": event, "x-gitlab-token": world.gitlab.secret}


async def post(world: World, platform: str, body: Any, headers: Mapping[str, str]) -> httpx.Response:
    return await world.web.post(f"/hooks/{platform}", content=body, headers=dict(headers))


async def taken(world: World) -> int:
    async with world.store.look() as look:
        return int((await look.connection.execute(select(func.count()).select_from(messages))).scalar_one())


UNSIGNED: tuple[tuple[str, dict[str, str]], ...] = (
    ("github", {"x-github-event": "issue_comment"}),
    ("github", {"x-github-event": "issue_comment", "x-hub-signature-256": "sha256=" + "0" * 64}),
    ("github", {"x-github-event": "issue_comment", "x-hub-signature-256": "sha256="}),
    ("github", {"x-github-event": "issue_comment", "x-hub-signature": "sha1=" + "0" * 40}),
    ("github", {"x-github-event": "issue_comment", "x-hub-signature-256": "\u00e9"}),
    ("gitlab", {"x-gitlab-event": "Note Hook"}),
    ("gitlab", {"x-gitlab-event": "Note Hook", "x-gitlab-token": ""}),
    ("gitlab", {"x-gitlab-event": "Note Hook", "x-gitlab-token": "wrong"}),
    ("gitlab", {"x-gitlab-event": "Note Hook", "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}),
    ("slack", {}),
    ("slack", {"x-slack-request-timestamp": "1", "x-slack-signature": "v0=" + "0" * 64}),
    ("slack", {"x-slack-request-timestamp": "\u0661", "x-slack-signature": "v0="}),
)


async def test_a_delivery_without_a_right_signature_is_refused_before_it_is_parsed(world: World) -> None:
    for platform, headers in UNSIGNED:
        for body in (b"{ this is no JSON", b"", b"{}"):
            raw = {name.encode(): value.encode("utf-8") for name, value in {"content-type": "application/json", **headers}.items()}
            answer = await world.web.post(f"/hooks/{platform}", content=body, headers=raw)
            assert answer.status_code == 401, (platform, headers)
    assert await taken(world) == 0


async def test_a_body_over_ten_mebibytes_is_too_large_whether_it_says_so_or_not(world: World) -> None:
    body = b"x" * (10 * MIB + 1)
    assert (await post(world, "github", body, github(world, body))).status_code == 413

    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * MIB

    for platform, headers in (("github", github(world, body)), ("gitlab", gitlab(world)), ("slack", {})):
        assert (await post(world, platform, in_pieces(), headers)).status_code == 413
    assert await taken(world) == 0


MISFITS = (b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{}", b'{"action": 1}', gzip.compress(b"{}", mtime=0), b"[" * 100_000)


async def test_a_body_that_does_not_fit_its_event_is_a_400(world: World) -> None:
    for event in ("issue_comment", "push", "pull_request", "delete", "pull_request_review_comment"):
        for body in MISFITS:
            assert (await post(world, "github", body, github(world, body, event))).status_code == 400, (event, body[:20])
    body = b'payload={"action": "created"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert (await post(world, "github", body, {**github(world, body), "content-type": kind})).status_code == 400, kind
    assert (await post(world, "github", b"{}", {**github(world, b"{}"), "x-github-event": ""})).status_code == 400


async def test_gitlabs_too(world: World) -> None:
    for hook in ("Note Hook", "Merge Request Hook", "Push Hook"):
        for body in (b"", b"{", b"[]", b"null", b"\xff", b'{"object_kind": "wiki_page"}', b"[" * 100_000):
            assert (await post(world, "gitlab", body, gitlab(world, hook))).status_code == 400, (hook, body[:20])


async def test_slacks_too(world: World) -> None:
    for kind, body in (
        ("application/json", b""),
        ("application/json", b"[]"),
        ("application/json", b"{"),
        ("application/json", b'{"type": "event_callback"}'),
        ("application/x-www-form-urlencoded", b"command=/ivy"),
        ("application/x-www-form-urlencoded", b"\xff"),
        ("text/plain", b"{}"),
    ):
        signed = world.slack.signed(body, kind)
        assert (await post(world, "slack", signed.body, signed.headers)).status_code == 400, (kind, body)
    challenge = world.slack.challenge("so it is")
    answer = await post(world, "slack", challenge.body, challenge.headers)
    assert (answer.status_code, answer.text) == (200, "so it is")


async def test_a_length_that_lies_or_is_no_number_is_no_500(world: World) -> None:
    for length in ("99999999999999999999999", str(11 * MIB)):
        answer = await post(world, "github", b"{}", {**github(world, b"{}"), "content-length": length})
        assert answer.status_code == 413
    for length in ("\u00b2", "-1", "x", "1_0", ""):
        headers = {name.encode(): value.encode("latin-1") for name, value in {**github(world, b"{}"), "content-length": length}.items()}
        answer = await world.web.post("/hooks/github", content=b"{}", headers=headers)
        assert answer.status_code == 400


async def test_only_what_is_posted_is_a_delivery(world: World) -> None:
    for platform in ("github", "gitlab", "slack"):
        assert (await world.web.get(f"/hooks/{platform}")).status_code == 405
    assert (await world.web.post("/hooks/bitbucket", content=b"{}")).status_code == 404


async def test_a_platform_that_is_not_configured_takes_nothing(world: World) -> None:
    nothing = world.settings.model_copy(update={"github": None, "gitlab": None, "slack": None, "projects": {}})
    app = web_app(nothing, world.store, Place(world.engine, world.repositories))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://trellis.localhost") as web:
        for platform in ("github", "gitlab", "slack"):
            answer = await web.post(f"/hooks/{platform}", content=b"{}", headers=github(world, b"{}"))
            assert (answer.status_code, answer.json()) == (401, {"error": f"{platform} is not configured here"})


async def test_events_that_are_not_ours_are_thanked_and_forgotten(world: World) -> None:
    for event in ("star", "workflow_run", "ping"):
        body = json.dumps({"action": "created", "zen": "z", "repository": {"id": 42}}).encode()
        assert (await post(world, "github", body, github(world, body, event))).status_code == 200
    assert (await post(world, "gitlab", b'{"object_kind": "wiki_page"}', gitlab(world, "Wiki Page Hook"))).status_code == 200
    assert await taken(world) == 0


async def test_a_repository_that_is_not_configured_is_none_of_ours(world: World) -> None:
    other = world.github.project("acme/other", id=43)
    dana = world.github.user("dana", id=7, right="write")
    pr = world.github.pull_request(other, number=1, branch="demo")
    delivery = world.github.says(pr, dana, "/ivy create")
    assert (await post(world, "github", delivery.body, delivery.headers)).status_code == 200
    assert await taken(world) == 0


async def test_form_encoding_is_read_like_json(world: World) -> None:
    dana = world.github.user("dana", id=7, right="write")
    pr = world.github.pull_request("acme/shop", number=12, branch="demo")
    answer = await world.deliver("github", world.github.says(pr, dana, "/ivy create", is_form=True))
    assert answer.status_code == 202
    assert (await world.environment()).branch == "demo"


async def test_what_cannot_be_stored_is_not_acknowledged(world: World) -> None:
    dana = world.github.user("dana", id=7, right="write")
    pr = world.github.pull_request("acme/shop", number=12, branch="demo")
    delivery = world.github.says(pr, dana, "/ivy create")
    asked = world.slack.slash(world.slack.user("dana"), world.slack.channel("lab"), "/ivy", "list")
    async with world.store.database.write() as connection:
        await connection.run_sync(messages.drop)
    assert (await post(world, "github", delivery.body, delivery.headers)).status_code == 503
    assert (await post(world, "slack", asked.body, asked.headers)).status_code == 503
    assert (await world.web.get("/readyz")).status_code == 503


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(body=st.binary(max_size=300) | st.text(max_size=200).map(str.encode), event=st.sampled_from(EVENTS), is_signed=st.booleans())
async def test_no_bytes_are_ever_a_500_on_github(world: World, body: bytes, event: str, is_signed: bool) -> None:
    headers = github(world, body, event) if is_signed else {"x-github-event": event}
    assert (await post(world, "github", body, headers)).status_code in ({200, 202, 400} if is_signed else {401})


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.sampled_from(
        ["action", "comment", "issue", "repository", "id", "user", "object_attributes", "project", "ref", "after", "body", "note"]
    )
    return st.dictionaries(keys, inner, max_size=6)


def _more(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | _objects(inner)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=10), _more, max_leaves=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(value=JSON, event=st.sampled_from(EVENTS), hook=st.sampled_from(HOOKS))
async def test_no_shape_is_ever_a_500(world: World, value: Any, event: str, hook: str) -> None:
    body = json.dumps(value).encode()
    assert (await post(world, "github", body, github(world, body, event))).status_code in {200, 202, 400}
    assert (await post(world, "gitlab", body, gitlab(world, hook))).status_code in {200, 202, 400}


async def test_the_console_is_for_who_has_the_token_and_is_here(world: World) -> None:
    token = (world.settings.data_dir / "console.token").read_text()
    assert (world.settings.data_dir / "console.token").stat().st_mode & 0o077 == 0
    saying = {"text": "/ivy list", "person": "dana"}
    right = {"authorization": f"Bearer {token}"}
    for headers in ({}, {"authorization": "Bearer wrong"}, {**right, "x-forwarded-for": "1.2.3.4"}, {**right, "forwarded": "for=1.2.3.4"}):
        assert (await world.web.post("/console/say", json=saying, headers=headers)).status_code == 401
    assert (await world.web.post("/console/say", json=saying, headers=right)).status_code == 202
    assert (await world.web.post("/console/say", json={**saying, "person": "../x"}, headers=right)).status_code == 422


async def test_readiness_names_the_part_that_is_not_well(world: World) -> None:
    assert (await world.web.get("/healthz")).json() == {"status": "ok"}
    answer = await world.web.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["is_ready"] is False
    assert answer.json()["parts"]["worker"] == "no worker is running"
    assert answer.json()["parts"]["database"] == "ok"
    await world.store.beat("worker:1", "1", 10)
    assert (await world.web.get("/readyz")).json()["parts"]["worker"] == "ok"
