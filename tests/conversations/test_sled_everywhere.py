"""Every command of SLeD from a pull request, a merge request and Slack: the same is done, and told in each place's own way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.store.approval_tables import approvals
from grammar.commands import COMMANDS
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk
from tests.deploys import built

if TYPE_CHECKING:
    from tests.world import World


@dataclass(frozen=True)
class Place:
    """`says` takes a line of whoever speaks there, `asks` one of somebody else who is admin; `it` is the service that is theirs."""

    says: Callable[[str], Awaitable[str]]
    asks: Callable[[str], Awaitable[str]]
    it: str


OTHER = "> "
"""Said by the other one."""
SCRIPT = (
    ("deploy {it}@4fd1c0e9 --to dev", "{it} runs 4fd1c0e9 in dev after 0.0 s: 2 created."),
    ("status {it} --in dev", "4fd1c0e9"),
    ("artifacts {it}", "Deploy one: /sled deploy {it}@5fd1c0e9 --to …"),
    ("lock {it}:dev --reason tests", "{it}:dev is locked by you until it is unlocked"),
    ("locks", "1 lock:"),
    ("unlock {it}:dev", "Your lock on {it}:dev has ended."),
    ("freeze", "Nothing is frozen"),
    ("veto {it}@5fd1c0e9 --reason slow", "{it}@5fd1c0e9 is vetoed"),
    ("deploy {it}@5fd1c0e9 --to dev", "reason: vetoed"),
    ("unveto {it}@5fd1c0e9", "{it}@5fd1c0e9 is vetoed no more."),
    ("plan {it}@5fd1c0e9 --to dev", "{it}@5fd1c0e9 to dev would change this, and has changed nothing:"),
    ("diff {it} --in dev", "{it}: 4fd1c0e9 runs in dev; the newest of merged main is 5fd1c0e9."),
    ("deploy {it}@5fd1c0e9 --to dev", "{it} runs 5fd1c0e9 in dev after 0.0 s: 1 updated."),
    ("rollback {it} --to dev", "{it} runs 4fd1c0e9 in dev after 0.0 s: 1 updated."),
    ("resume {it} --in dev", "{it} may go on by itself again in dev"),
    ("promote {it} --from dev --to staging", "{it} runs 4fd1c0e9 in staging"),
    ("deploy {it}@4fd1c0e9 --to prod", "approve"),
    (OTHER + "approve {id}", "{it} runs 4fd1c0e9 in prod"),
    (OTHER + "reject {id}", "reason: decided"),
    ("history {it}", "promote"),
    ("logs 1", "Deploy 1, {it}@4fd1c0e9 to dev:"),
    ("why 1", "asked to bring {it}@4fd1c0e9 to dev"),
    (OTHER + "lock {it}:dev --reason release", "is locked by you"),
    ("deploy {it}@5fd1c0e9 --to dev", "waits for the lock on {it}:dev"),
    ("cancel 7", "was stopped, as asked."),
    ("retry 7", "waits for the lock on {it}:dev"),
    (OTHER + "unlock {it}:dev", "{it} runs 5fd1c0e9 in dev"),
    ("beta {it}@!9 --to dev", "{it} runs 6fd1c0e9 in dev"),
    ("release {it} --in dev", "{it} runs 5fd1c0e9 in dev"),
    ("help deploy", "/sled deploy [TARGET[@ARTIFACT] …]"),
    ("whoami", "developer"),
    ("link", "Say this with your other account"),
    ("unlink", "reason: not_joined"),
)


def plain(text: str) -> str:
    """Without the marks that each place draws with."""
    for mark in ("*", "`", "\u200b", "\\"):
        text = text.replace(mark, "")
    return text


@pytest.fixture(params=["github", *(pytest.param(each, marks=pytest.mark.long) for each in ("gitlab", "slack"))])
def place(request: pytest.FixtureRequest, world: World, shop: Talk, tools: Talk, slack: Slack) -> Place:
    if request.param == "slack":
        return Place(lambda line: _slash(slack, line, "dana"), lambda line: _slash(slack, line, "ada"), "hello")
    talk, it = (shop, "pay") if request.param == "github" else (tools, "tool")
    forge = world.github if request.param == "github" else world.gitlab
    ada = forge.user("ada", id=8, right="admin")
    forge.change_request(talk.on.project, number=9, branch="faster", sha="6fd1c0e9".ljust(40, "0"), author=talk.by)

    async def says(line: str) -> str:
        return plain("\n".join(await talk.says(f"/sled {line}")))

    async def asks(line: str) -> str:
        return plain("\n".join(await talk.says(f"/sled {line}", by=ada)))

    return Place(says, asks, it)


async def _slash(slack: Slack, line: str, by: str) -> str:
    return plain("\n".join(each.shown for each in await slack.slash(line, by=by, command="/sled")))


async def test_it_is_the_same_everywhere(world: World, place: Place) -> None:
    for commit in ("4fd1c0e9", "5fd1c0e9"):
        await built(world, place.it, commit)
    await built(world, place.it, "6fd1c0e9", is_merged=False, request=9)
    names = {"it": place.it, "id": ""}
    for line, expected in SCRIPT:
        speak = place.asks if line.startswith(OTHER) else place.says
        told = await speak(line.removeprefix(OTHER).format(**names))
        assert expected.format(**names) in told, f"{line}\n{told}"
        names["id"] = await _asked_for(world)


async def _asked_for(world: World) -> str:
    """The id of the request for somebody's word, "" before there is one: in Slack it is in a button."""
    async with world.store.look() as look:
        return (await look.connection.execute(select(approvals.c.id))).scalar_one_or_none() or ""


def test_every_command_is_said() -> None:
    said = {line.removeprefix(OTHER).partition(" ")[0] for line, _ in SCRIPT}
    assert said == {each.verb for each in COMMANDS if each.words.startswith("sled ")}
