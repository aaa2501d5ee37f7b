"""Buttons are shown to whom they are good; the bus decides all the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.browser import signed_in
from tests.conversations.talk import Talk
from tests.web.test_pages import words
from tests.world import a_world

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.world import World

ONLY_OWNERS_TERMINATE = """
@id("own")
@reason("it is somebody else's")
forbid (principal, action == Action::"ivy terminate", resource is Environment)
unless { principal.identities.contains(resource.owner) };
"""
ROLES = {"console:dana": "developer", "console:erin": "developer", "console:ada": "admin"}


def pressed(page: httpx.Response) -> set[str]:
    """The verbs of the commands that the page has buttons for."""
    return set(re.findall(r'name="line" value="/ivy (\w+)', page.text))


async def _made(world: World) -> str:
    await world.types("/ivy create lab:demo", by="dana")
    return (await world.environment()).slug


async def test_who_may_only_look_sees_no_button(tmp_path: Path) -> None:
    async with a_world(tmp_path, console_role="viewer", people=ROLES) as world:
        slug = await _made(world)
        async with signed_in(world, "vera") as web:
            page = await web.get(f"/environments/{slug}")
            assert (pressed(page), "<h2>Do</h2>" in page.text) == (set(), False)
            await web.sends("/say", line=f"/ivy terminate {slug}", back="/")
            await world.settle()
        async with signed_in(world, "dana") as web:
            assert pressed(await web.get(f"/environments/{slug}")) == {"extend", "keep", "pause", "update", "restart", "terminate"}
        assert len(await world.environments()) == 1  # whatever is pressed, the bus decides


async def test_a_rule_of_the_operators_hides_what_it_forbids(tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text(ONLY_OWNERS_TERMINATE)
    async with a_world(tmp_path, console_role="viewer", people=ROLES, policy_more=tmp_path / "own.cedar") as world:
        slug = await _made(world)
        for name, is_shown in (("dana", True), ("erin", False)):
            async with signed_in(world, name) as web:
                found = pressed(await web.get(f"/environments/{slug}"))
            assert ("terminate" in found, "extend" in found) == (is_shown, True)


async def test_only_who_may_approve_sees_the_answers(tmp_path: Path) -> None:
    async with a_world(tmp_path, console_role="viewer", people=ROLES) as world:
        gil = world.github.user("gil", id=7, right="write")
        await Talk(world, gil, world.github.pull_request("acme/shop", number=12, branch="demo", author=gil)).says(
            "/ivy create\n/ivy extend 90h"
        )
        for name, found, said in (
            ("erin", set(), "somebody who is admin here has to"),
            ("ada", {"approve", "reject"}, "Approve"),
        ):
            async with signed_in(world, name) as web:
                page = await web.get("/approvals")
            assert pressed(page) == found, name
            assert said in words(page), name
