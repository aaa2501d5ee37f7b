"""Commit statuses, deployments and environments on the forges themselves: what they show follows the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.record import CONTEXT
from tests.conversations.talk import Talk
from tests.fakes import judged
from tests.fakes.forge import commit
from tests.world import SHOP, TOOLS, World, a_world

URL = "http://demo-vn4gah.localhost:8780"
PROJECTS = {
    "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": SHOP},
    "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": TOOLS},
}


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path, database_url=database_url, projects=PROJECTS) as made:
        yield made


def states(talk: Talk) -> list[tuple[str, str, list[str]]]:
    """Each deployment: its environment, its commit and the states it went through."""
    return [
        (each.body["environment"], str(each.body.get("sha") or each.body["ref"])[:8], [state["state"] for state in each.states])
        for each in talk.forge.records.deployments
    ]


async def make_slowly(talk: Talk) -> None:
    """So that the forge is told while it is being made; what is over before that is told as it is then."""
    await talk.begins("/ivy create")
    await talk.world.desks["record"].idle()
    await talk.goes_on()


async def push_slowly(talk: Talk, sha: str) -> None:
    talk.hold()
    await talk.pushes(sha, settle=False)
    await talk.world.desks["hear"].idle()
    await talk.is_held()
    await talk.world.desks["record"].idle()
    await talk.goes_on()


async def test_github_shows_the_way_of_an_environment(shop: Talk) -> None:
    first, second = shop.on.sha, commit("two")
    await make_slowly(shop)
    records = shop.forge.records
    assert [each.state for each in records.statuses] == ["pending", "success"]
    assert records.shown() == [f"{first[:8]} {CONTEXT}: success · ready · {URL}"]
    assert states(shop) == [("ivy/demo-vn4gah", first[:8], ["in_progress", "success"])]
    assert records.deployments[0].states[-1]["environment_url"] == URL
    assert records.deployments[0].body["transient_environment"] is True
    await push_slowly(shop, second)
    assert states(shop) == [
        ("ivy/demo-vn4gah", first[:8], ["in_progress", "success", "inactive"]),
        ("ivy/demo-vn4gah", second[:8], ["in_progress", "success"]),
    ]
    await shop.says("/ivy terminate")
    assert states(shop)[1][2] == ["in_progress", "success", "inactive"]
    assert records.shown()[1] == f"{second[:8]} {CONTEXT}: success · taken down: dana asked for it"


async def test_gitlab_shows_the_way_of_an_environment(tools: Talk) -> None:
    first, second = tools.on.sha, commit("two")
    await make_slowly(tools)
    environment = await tools.world.environment()
    records = tools.forge.records
    assert [each.state for each in records.statuses] == ["running", "success"]
    [place] = records.places
    assert (place.name, place.url, place.state) == (f"ivy/{environment.slug}", environment.addresses[0].url, "available")
    await push_slowly(tools, second)
    assert states(tools) == [
        (place.name, first[:8], ["running", "success"]),
        (place.name, second[:8], ["running", "success"]),
    ]
    await tools.says("/ivy terminate")
    assert place.state == "stopped"


async def test_a_branch_that_does_not_start_is_a_failure_with_its_reason(shop: Talk) -> None:
    shop.world.engine.fail_next("web answers 500")
    await make_slowly(shop)
    assert shop.forge.records.shown() == [f"{shop.on.sha[:8]} {CONTEXT}: failure · web answers 500"]
    assert states(shop)[0][2] == ["in_progress", "failure"]


async def test_a_file_that_cannot_be_used_is_an_error_with_its_place(shop: Talk) -> None:
    shop.world.repositories.files[shop.on.sha] = {".dev-env.yaml": b"version: 1\nservices: {web: {rum: x}}\n"}
    await shop.says("/ivy create")
    words = '.dev-env.yaml:2:18: there is no key "rum" here. Try: run (and 1 more)'
    assert shop.forge.records.shown() == [f"{shop.on.sha[:8]} {CONTEXT}: error · {words}"]


async def test_what_ran_before_stays_active_when_an_update_fails(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.fail_next("web answers 500")
    await shop.pushes(commit("two"))
    assert [each[2][-1] for each in states(shop)] == ["success", "failure"]


async def test_a_commit_that_a_newer_one_overtakes_is_not_left_pending(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await shop.world.desks["record"].idle()
    first, second = shop.on.sha, commit("two")
    await shop.pushes(second, settle=False)
    await shop.goes_on()
    assert shop.forge.records.shown() == [
        f"{first[:8]} {CONTEXT}: error · given up for a newer commit",
        f"{second[:8]} {CONTEXT}: success · ready · {URL}",
    ]


async def test_a_deployment_whose_answer_was_lost_is_found_and_not_made_again(shop: Talk) -> None:
    shop.forge.lose_next("POST deployment")
    await shop.makes()
    await shop.after(seconds=5)
    assert [each[2] for each in states(shop)] == [["success"]]


async def test_a_limit_is_waited_for_and_a_no_is_taken(shop: Talk) -> None:
    shop.forge.fail_next("POST status", 429, {"retry-after": "30"})
    shop.forge.fail_next("POST deployment", 403)
    await shop.makes()
    assert shop.forge.records.shown() == []
    await shop.after(seconds=31)
    assert shop.forge.records.shown() == [f"{shop.on.sha[:8]} {CONTEXT}: success · ready · {URL}"]
    asked = len(shop.forge.asked("POST deployment"))
    await shop.pushes(commit("two"))
    assert len(shop.forge.asked("POST deployment")) == asked


async def test_a_second_environment_of_a_branch_has_a_status_of_its_own(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy create --name other")
    assert sorted(each.name for each in shop.forge.records.statuses if each.state == "success") == [CONTEXT, f"{CONTEXT} (other)"]


async def test_a_project_can_do_without(tmp_path: Path) -> None:
    shop = {**PROJECTS["shop"], "statuses": False, "deployments": False}
    async with a_world(tmp_path, projects={**PROJECTS, "shop": shop}) as world:
        dana = world.github.user("dana", id=7, right="write")
        talk = Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana))
        await talk.makes()
        assert (talk.forge.records.statuses, talk.forge.records.deployments) == ([], [])


async def test_the_forges_word_of_our_own_records_is_taken_and_changes_nothing(shop: Talk, tools: Talk) -> None:
    await shop.makes()
    world, told = shop.world, len(shop.forge.records.statuses)
    assert (await world.deliver("github", judged.status(world.github, shop.on.project, shop.on.sha, CONTEXT))).status_code == 200
    for event in ("deployment", "deployment_status"):
        delivery = world.github._tell(event, shop.on.project, world.github.bot, {"action": "created", "state": "success"})
        assert (await world.deliver("github", delivery)).status_code == 200
    assert (await world.deliver("gitlab", judged.pipeline(world.gitlab, tools.on.project, tools.on.sha))).status_code == 202
    for event in ("Deployment Hook", "Job Hook"):
        delivery = world.gitlab._tell(event, {"object_kind": event.partition(" ")[0].lower(), "status": "success"})
        assert (await world.deliver("gitlab", delivery)).status_code == 200
    assert len(shop.forge.records.statuses) == told
    assert tools.heard == []
