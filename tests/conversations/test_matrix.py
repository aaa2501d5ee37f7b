"""Role by group of commands by place by kind of repository, said aloud in the whole product: every cell is asserted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from tests.conversations.slack import Slack
from tests.conversations.talk import Talk

if TYPE_CHECKING:
    from tests.world import World

pytestmark = pytest.mark.long

ROLES = ("nobody", "viewer", "developer", "admin")
LINES = {"learn": "whoami", "look": "list", "join": "unlink", "change": "extend nothing-123", "approve": "approve aaaaaaaa"}
"""One command of each group, each without an effect: what is denied is denied before it is looked for."""
RANK = {"learn": 1, "look": 1, "change": 2, "join": 1, "approve": 3}


def may(role: str, group: str, place: str) -> bool:
    is_joining_elsewhere = group == "join" and place not in {"pull request", "merge request", "fork"}
    return is_joining_elsewhere or ROLES.index(role) >= RANK[group]


async def _on(talk: Talk, right_of: dict[str, str], role: str, line: str) -> str:
    """Said in a request by somebody whom the configuration or the forge makes what they are."""
    somebody = talk.forge.user(f"some-{role}", id=9900 + ROLES.index(role), right=right_of.get(role, "none"))
    [reply] = await talk.says(f"/ivy {line}", by=somebody)
    return reply


async def _in_requests(world: World, place: str) -> Callable[[str, str], Awaitable[str]]:
    if place == "merge request":
        gina = world.gitlab.user("gina", id=70, right="write")
        talk = Talk(world, gina, world.gitlab.merge_request("acme/tools", number=5, branch="demo", author=gina))
    else:
        dana = world.github.user("dana", id=7, right="write")
        source = world.github.project("mallory/shop", id=666) if place == "fork" else None
        talk = Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana, source=source))
    return lambda role, line: _on(talk, {"nobody": "read", "developer": "write", "admin": "admin"}, role, line)


async def _in_slack(world: World, place: str) -> Callable[[str, str], Awaitable[str]]:
    slack = Slack(world)
    who = {"nobody": "mallory", "viewer": "vera", "developer": "dana", "admin": "ada"}

    async def says(role: str, line: str) -> str:
        if place == "direct message":
            return (await slack.dm(line, by=who[role]))[-1].shown
        if place == "slash command":
            return (await slack.slash(line, by=who[role]))[-1].shown
        return (await slack.mention(f"@trellis {line}", by=who[role], channel=slack.hall if place == "hall" else slack.lab))[-1].shown

    return says


@pytest.mark.parametrize("place", ["pull request", "fork", "merge request", "direct message", "slash command", "project's channel", "hall"])
async def test_every_cell(world: World, place: str) -> None:
    is_request = place in {"pull request", "fork", "merge request"}
    says = await (_in_requests if is_request else _in_slack)(world, place)
    for role in ROLES:
        if is_request and role == "viewer":
            continue  # no forge makes one: reading is no role. The configuration does, below
        for group, line in LINES.items():
            reply = await says(role, line)
            assert ("`not_allowed`" not in reply) == may(role, group, place), (role, group, reply)


async def test_configured_viewers_on_a_forge(tmp_path: object) -> None:
    from pathlib import Path

    from tests.world import a_world

    people = {"github:9901": "viewer", "github:66": "nobody"}
    async with a_world(Path(str(tmp_path)), people=people) as world:
        says = await _in_requests(world, "pull request")
        for group, line in LINES.items():
            assert ("`not_allowed`" not in await says("viewer", line)) == may("viewer", group, "pull request"), group
        banned = world.github.user("banned", id=66, right="admin")
        talk = Talk(world, banned, world.github.pull_request("acme/shop", number=13, branch="demo", author=banned))
        assert "the configuration gives you no role here" in await talk.answer("/ivy whoami")
