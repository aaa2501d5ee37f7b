"""The API: text in, a receipt out; lists, events and the audit log; errors with chat's reason codes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, func, select

from bot.domain.message import Person, Platform
from bot.store.tables import messages
from bot.web.api.pace import Buckets, Pace
from tests.api import Api, Stream, api_of, here
from tests.browser import signed_in
from tests.deploys import built
from tests.world import a_world

if TYPE_CHECKING:
    from pathlib import Path

    from bot.web.watch import Watch
    from tests.world import World

STRANGER = Person(Platform.WEB, "oidc~stranger", "stranger")


async def _messages(world: World) -> int:
    async with world.store.look() as look:
        return int((await look.connection.execute(select(func.count()).select_from(messages))).scalar_one())


async def test_a_command_is_said_and_its_receipt_tells_what_became_of_it(world: World) -> None:
    api = await api_of(world)
    answer = await api.ask("POST", "/commands", json={"text": "/ivy create lab:demo"})
    assert answer.status_code == 202
    assert answer.json() == {"id": answer.json()["id"], "state": "waiting", "commands": [], "replies": [], "card": None}
    await world.settle()
    said = await api.gets(f"/commands/{answer.json()['id']}", wait_s=5)
    assert said["state"] == "done"
    [command], [reply] = said["commands"], said["replies"]
    assert (command["words"], command["state"], command["environment"]) == ("ivy create", "done", "demo-cd7qqd")
    assert reply["text"].startswith("✓ dana: demo-cd7qqd is ready after 0.0 s: demo at bbbbbbbb")
    assert (reply["tone"], reply["code"], reply["prose"]["type"]) == ("good", None, "Reply")
    assert said["card"].startswith("✓ demo-cd7qqd · demo · ready")


async def test_many_who_wait_look_at_nothing_until_there_is_news(world: World) -> None:
    api, looks = await api_of(world), list[str]()
    world.engine.gate.clear()
    id_ = (await api.ask("POST", "/commands", json={"text": "/ivy create lab:demo"})).json()["id"]
    await world.engine.reached.wait()
    await world.desks["say"].idle()

    def count(*said: object) -> None:
        looks.extend([str(said[2])] if "console_posts.body" in str(said[2]) else [])

    event.listen(Engine, "before_cursor_execute", count)
    try:
        answers = await asyncio.gather(*(api.gets(f"/commands/{id_}", wait_s=0.4) for _ in range(8)))
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert {each["state"] for each in answers} == {"running"}
    assert len(looks) <= 3 * len(answers), "at the beginning, at the end, and once more where a clock is early"
    waiting = [asyncio.create_task(api.gets(f"/commands/{id_}", wait_s=25)) for _ in range(8)]
    world.engine.gate.set()
    await world.settle()
    assert {each["state"] for each in await asyncio.gather(*waiting)} == {"done"}


async def test_a_refusal_bears_the_reason_code_of_chat(world: World) -> None:
    api = await api_of(world)
    for text, code in (
        ("/ivy create lab:nowhere", "unknown_branch"),
        ("/ivy create --tll 4h", "unknown_option"),
        ("/ivy terminate nothing-abc123", "unknown_environment"),
        ("/ivy dance", "unknown_verb"),
    ):
        said = await api.says(text)
        assert (said["state"], said["commands"][0]["code"], said["replies"][0]["code"]) == ("refused", code, code)


async def test_several_lines_are_several_commands(world: World) -> None:
    said = await (await api_of(world)).says("/ivy create lab:demo\n/ivy list\n/ivy dance")
    assert [each["state"] for each in said["commands"]] == ["done", "done", "refused"]
    assert said["state"] == "refused"
    assert len(said["replies"]) == 3


async def test_the_same_idempotency_key_says_it_once(world: World) -> None:
    api, headers = await api_of(world), {"idempotency-key": "build-17"}
    answers = await asyncio.gather(
        *(api.ask("POST", "/commands", json={"text": "/ivy create lab:demo"}, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    await world.settle()
    assert await _messages(world) == 1
    again = await api.ask("POST", "/commands", json={"text": "/ivy create lab:demo"}, headers=headers)
    assert again.json()["state"] == "done"
    other = {"json": {"text": "/ivy terminate demo-cd7qqd"}, "headers": headers}
    assert await api.refused("POST", "/commands", **other) == (422, "other_text")
    theirs = await (await api_of(world, "erin")).ask("POST", "/commands", json={"text": "/ivy list"}, headers=headers)
    assert theirs.json()["id"] != again.json()["id"]


async def test_a_receipt_is_for_who_said_it(world: World) -> None:
    id_ = (await (await api_of(world)).says("/ivy list"))["id"]
    assert await (await api_of(world, "erin")).refused("GET", f"/commands/{id_}") == (404, "unknown_command")
    assert await (await api_of(world)).refused("GET", "/commands/never") == (404, "unknown_command")


async def test_environments_are_listed_a_page_at_a_time(world: World) -> None:
    api = await api_of(world)
    for number in range(5):
        world.lab[f"branch-{number}"] = f"{number}" * 40
        await (await api_of(world, "erin" if number == 3 else "dana")).says(f"/ivy create lab:branch-{number}")
        await world.pass_time(seconds=1)
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = await api.gets("/environments", limit=2, cursor=cursor)
        seen += [each["branch"] for each in page["environments"]]
        cursor = page["next"]
    assert seen == [f"branch-{number}" for number in (4, 3, 2, 1, 0)]
    assert cursor == ""
    assert [each["branch"] for each in (await api.gets("/environments", owner="erin"))["environments"]] == ["branch-3"]
    assert len((await api.gets("/environments", mine=True))["environments"]) == 4
    assert [each["branch"] for each in (await api.gets("/environments", text="ch-2"))["environments"]] == ["branch-2"]
    assert (await api.gets("/environments", state="failed"))["environments"] == []
    assert (await api.gets("/environments", project="shop"))["environments"] == []
    slug = (await api.gets("/environments", text="ch-2"))["environments"][0]["slug"]
    await api.says(f"/ivy terminate {slug}")
    [past] = (await api.gets("/environments", past=True))["environments"]
    assert (past["slug"], past["state"], past["gone_reason"]) == (slug, "gone", "dana asked for it")


async def test_what_a_step_brings_and_how_many_of_its_tasks_are_done_is_in_the_api_and_on_the_page(world: World) -> None:
    api = await api_of(world)
    world.engine.counted = (3, 14, "kind")
    world.engine.gate.clear()
    id_ = (await api.ask("POST", "/commands", json={"text": "/ivy create lab:demo"})).json()["id"]
    await world.engine.reached.wait()
    await world.desks["say"].idle()
    assert "kind, 3 of 14 tasks" in (await api.gets(f"/commands/{id_}"))["card"]
    stages = (await api.gets("/environments/demo-cd7qqd"))["stages"]
    assert [each["state"] for each in stages] == ["done", "done", "running"]
    assert {name: stages[2][name] for name in ("name", "done", "of", "doing")} == {"name": "starting", "done": 3, "of": 14, "doing": "kind"}
    async with signed_in(world) as web:
        page = await web.get("/environments/demo-cd7qqd")
    assert "kind, 3 of 14 tasks" in page.text
    world.engine.gate.set()
    await world.settle()


async def test_one_environment_its_events_and_its_logs(world: World) -> None:
    api = await api_of(world)
    await api.says("/ivy create lab:demo")
    found = await api.gets("/environments/demo-cd7qqd")
    assert (found["state"], found["owner"], found["expires_at"]) == (
        "ready",
        {"platform": "console", "id": "dana", "name": "dana"},
        "2026-12-02T12:00:00Z",
    )
    assert found["addresses"] == [{"service": "web", "url": "http://demo-cd7qqd.localhost:8780"}]
    assert found["services"] == [{"name": "web", "healthy": True}]
    first = await api.gets("/environments/demo-cd7qqd/events", limit=2)
    rest = await api.gets("/environments/demo-cd7qqd/events", before=first["next"])
    kinds = [each["kind"] for each in (*first["events"], *rest["events"])]
    assert kinds[-1] == "created"
    assert len(kinds) > 3
    assert isinstance((await api.gets("/environments/demo-cd7qqd/logs", tail=5))["lines"], list)
    assert await api.refused("GET", "/environments/demo-cd7qqd/logs?service=nope") == (404, "unknown_service")
    assert await api.refused("GET", "/environments/demo-cd7qqx") == (404, "unknown_environment")


async def test_what_one_may_not_look_at_is_not_there(world: World) -> None:
    await (await api_of(world)).says("/ivy create lab:demo")
    stranger = await api_of(world, STRANGER)
    assert (await stranger.gets("/environments"))["environments"] == []
    assert await stranger.refused("GET", "/audit") == (403, "not_allowed")
    assert (await stranger.gets("/whoami"))["projects"] == []
    for path in ("", "/events", "/logs"):
        answer = await stranger.ask("GET", f"/environments/demo-cd7qqd{path}")
        nothing = await stranger.ask("GET", f"/environments/demo-cd7qqx{path}")
        assert answer.status_code == nothing.status_code == 404
        assert answer.json()["detail"].replace("cd7qqd", "cd7qqx") == nothing.json()["detail"]


async def test_the_audit_log_says_who_did_what(world: World) -> None:
    api = await api_of(world)
    await api.says("/ivy create lab:demo")
    await api.says("/ivy extend demo-cd7qqd 900h")
    events = (await api.gets("/audit", actor="dana"))["events"]
    assert {"created", "refused"} <= {each["kind"] for each in events}
    [refused] = (await api.gets("/audit", kind="refused"))["events"]
    assert (refused["data"]["code"], refused["environment"], refused["actor"]) == ("over_cap", "demo-cd7qqd", "console:dana")
    [created] = (await api.gets("/audit", kind="created", environment="demo-cd7qqd"))["events"]
    assert created["project"] == "lab"


async def test_what_waits_for_another_person_is_listed_and_answered(world: World) -> None:
    api = await api_of(world)
    await api.says("/ivy create lab:demo")
    await api.says("/ivy extend demo-cd7qqd 90h --reason demo")
    [waiting] = (await api.gets("/approvals"))["approvals"]
    assert (waiting["kind"], waiting["environment"], waiting["person"]["id"], waiting["reason"]) == (
        "extend",
        "demo-cd7qqd",
        "dana",
        "demo",
    )
    assert (await (await api_of(world, STRANGER)).gets("/approvals"))["approvals"] == []
    assert (await api.says(f"/ivy approve {waiting['id']}"))["state"] == "refused"  # never one's own


async def test_a_deploy_that_waits_for_another_person_is_listed_with_its_plan(world: World) -> None:
    api = await api_of(world)
    await built(world, "hello", "4fd1c0e9")
    await api.says("/sled deploy hello --to staging")
    await api.says("/sled deploy hello --to prod --reason demo")
    await world.settle()
    [waiting] = (await api.gets("/approvals"))["approvals"]
    assert (waiting["kind"], waiting["environment"], waiting["deploy"], waiting["reason"]) == ("deploy", "prod", 2, "demo")
    assert waiting["roles"] == ["admin"]
    [bound] = waiting["wish"].values()
    assert [len(each) for each in bound.split(":")] == [64, 64]
    assert (await (await api_of(world, STRANGER)).gets("/approvals"))["approvals"] == []
    assert (await api.says(f"/sled approve {waiting['id']}"))["state"] == "refused"  # never one's own


async def test_mine_is_what_any_of_my_accounts_owns(world: World) -> None:
    await (await api_of(world)).says("/ivy create lab:demo")
    other = Person(Platform.SLACK, "U0DANA", "dana")
    api = await api_of(world, other)
    assert (await api.gets("/environments", mine="true"))["environments"] == []
    async with world.store.transaction() as transaction:
        await transaction.people.join(other, Person(Platform.CONSOLE, "dana", "dana"))
    assert [each["slug"] for each in (await api.gets("/environments", mine="true"))["environments"]] == ["demo-cd7qqd"]


async def test_events_come_as_they_happen_and_go_on_where_they_broke_off(world: World) -> None:
    api = await api_of(world)
    async with Stream(world, api.headers) as stream:
        await api.says("/ivy create lab:demo")
        [first, second] = (await stream.hears(2))[:2]
    assert first["event"] == first["kind"] == "created"
    assert first["environment"] == "demo-cd7qqd"
    async with Stream(world, {**api.headers, "last-event-id": str(first["id"])}) as stream:
        assert (await stream.hears(1))[0]["id"] == second["id"]
    assert await api.refused("GET", "/events", headers={"last-event-id": "x"}) == (422, "not_understood")


async def watch_of(world: World) -> Watch:
    watch: Watch = (await world.front.whole()).state.watch
    return watch


async def test_streams_share_one_look_at_the_database_and_leave_nothing(world: World) -> None:
    api, watch = await api_of(world), await watch_of(world)
    async with Stream(world, api.headers) as one, Stream(world, api.headers) as other:
        await api.says("/ivy create lab:demo")
        told = [each["id"] for each in await one.hears(4)]
        assert [each["id"] for each in await other.hears(4)] == told
        assert len(watch._watchers) == 2
        assert len([each for each in asyncio.all_tasks() if each.get_name() == "watch"]) == 1
    assert (watch._watchers, watch._task) == (set(), None)
    async with Stream(world, {**api.headers, "last-event-id": str(told[0])}) as again:
        assert [each["id"] for each in await again.hears(3)] == told[1:]


async def test_nobody_has_too_many_streams(world: World) -> None:
    api, other, watch = await api_of(world), await api_of(world, "erin"), await watch_of(world)
    watch._most = 2
    async with Stream(world, api.headers) as one, Stream(world, api.headers):
        await api.says("/ivy create lab:demo")
        await one.hears(1)
        refused = await api.ask("GET", "/events")
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "too_many_streams", "30")
        async with Stream(world, {**other.headers, "last-event-id": "0"}) as theirs:
            await theirs.hears(1)
    async with Stream(world, {**api.headers, "last-event-id": "0"}) as free_again:
        await free_again.hears(1)


async def test_what_was_refused_to_others_is_told_to_operators_only(tmp_path: Path) -> None:
    async with a_world(tmp_path, console_role="viewer", people={"console:dana": "admin"}) as world:
        await world.types("/ivy create lab:demo", by="dana")
        await world.types("/ivy terminate demo-cd7qqd", by="erin")
        await world.types("/ivy extend demo-cd7qqd 1h", by="dana")
        for name, is_told in (("dana", True), ("vera", False)):
            async with Stream(world, {**(await api_of(world, name)).headers, "last-event-id": "0"}) as stream:
                heard: list[str] = []
                while "extended" not in heard:
                    heard += [each["event"] for each in await stream.hears(1)]
            assert ("refused" in heard) is is_told


async def test_a_signed_in_browser_may_use_it_from_our_own_pages(world: World) -> None:
    async with signed_in(world, "dana") as web:
        who = (await web.get("/api/v1/whoami")).json()
        assert (who["person"]["id"], who["csrf"]) == ("dana", web.csrf)
        body, ours = {"text": "/ivy list"}, {"origin": "http://trellis.localhost"}
        assert (await web.post("/api/v1/commands", json=body, headers=ours)).status_code == 403
        assert (
            await web.post("/api/v1/commands", json=body, headers={"x-csrf-token": who["csrf"], "origin": "http://evil.example"})
        ).status_code == 403
        assert (await web.post("/api/v1/commands", json=body, headers={"x-csrf-token": who["csrf"], **ours})).status_code == 202


BAD: tuple[tuple[str, str, dict[str, Any], int, str], ...] = (
    ("POST", "/commands", {}, 422, "not_understood"),
    ("POST", "/commands", {"json": {}}, 422, "not_understood"),
    ("POST", "/commands", {"json": {"text": ""}}, 422, "not_understood"),
    ("POST", "/commands", {"json": {"text": " \n"}}, 422, "not_understood"),
    ("POST", "/commands", {"json": {"text": "a\0b"}}, 422, "not_understood"),
    ("POST", "/commands", {"json": {"text": "x" * 65_537}}, 422, "not_understood"),
    ("POST", "/commands", {"json": {"text": "x"}, "headers": {"idempotency-key": "a b"}}, 422, "not_understood"),
    ("POST", "/commands", {"content": b"x" * 300_000, "headers": {"content-type": "application/json"}}, 413, "too_large"),
    ("GET", "/environments?limit=1000", {}, 422, "not_understood"),
    ("GET", "/environments?state=happy", {}, 422, "not_understood"),
    ("GET", "/environments?text=%00", {}, 422, "not_understood"),
    ("GET", "/environments/%00", {}, 404, "unknown_environment"),
    ("GET", "/nothing", {}, 404, "not_found"),
    ("GET", "/environments/a%0Ab/logs", {}, 404, "not_found"),
    ("PUT", "/environments", {}, 405, "method_not_allowed"),
)


@pytest.mark.parametrize(("method", "path", "more", "status", "code"), BAD)
async def test_what_is_wrong_is_a_problem_with_a_code(
    world: World, method: str, path: str, more: dict[str, Any], status: int, code: str
) -> None:
    assert await (await api_of(world)).refused(method, path, **more) == (status, code)


async def test_its_description_is_public(world: World) -> None:
    described = (await world.web.get("/api/v1/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    assert {"/commands", "/environments", "/environments/{slug}", "/events", "/audit", "/tokens"} <= set(described["paths"])


async def test_too_much_at_once_is_told_to_wait(world: World) -> None:
    [api_app] = [route.app for route in (await world.front.whole()).routes if getattr(route, "path", "") == "/api/v1"]  # type: ignore[attr-defined]
    api_app.state.callers._buckets = Buckets(Pace(burst=3, each_s=1), lambda: 0.0)
    api = Api(world, here(world))
    assert [(await api.ask("GET", "/tokens")).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert await api.refused("GET", "/tokens") == (429, "rate_limited")
    assert (await api.ask("GET", "/tokens")).headers["retry-after"] == "1"
    assert (await Api(world, here(world, "erin")).ask("GET", "/tokens")).status_code == 200


def test_permits_come_back_at_an_even_pace() -> None:
    now = [0.0]
    buckets = Buckets(Pace(burst=2, each_s=0.5), lambda: now[0])
    assert [buckets.wait_s("a") for _ in range(3)] == [0, 0, 2]
    assert buckets.wait_s("b") == 0
    now[0] = 2.0
    assert [buckets.wait_s("a") for _ in range(2)] == [0, 2]
