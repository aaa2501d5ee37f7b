"""`/ivy create`: from a comment to a running environment, and what the thread says of it."""

from __future__ import annotations

from bot.domain.environment import State
from tests.fakes.forge import commit
from tests.world import World


async def test_a_comment_makes_a_running_environment(world: World) -> None:
    dana = world.github.user("dana", id=7, right="write")
    pr = world.github.pull_request("acme/shop", number=12, branch="demo")
    comment = await world.says("/ivy create", by=dana, on=pr)
    environment = await world.environment()
    assert environment.state is State.READY
    assert environment.running_sha == pr.sha
    assert world.github.reactions(comment) == ["eyes", "rocket"]
    assert world.hears(pr) == ["?"]


async def test_asking_again_answers_with_the_one_there_is(world: World) -> None:
    dana = world.github.user("dana", id=7, right="write")
    pr = world.github.pull_request("acme/shop", number=12, branch="demo")
    await world.says("/ivy create", by=dana, on=pr)
    await world.says("/ivy create --size large", by=dana, on=pr)
    assert len(await world.environments()) == 1
    assert world.hears(pr)[-1] == "?"


async def test_a_push_updates_it(world: World) -> None:
    dana = world.github.user("dana", id=7, right="write")
    pr = world.github.pull_request("acme/shop", number=12, branch="demo")
    await world.says("/ivy create", by=dana, on=pr)
    said = len(world.hears(pr))
    await world.deliver("github", world.github.pushes(world.shop, "demo", commit("new")))
    environment = await world.environment()
    assert (environment.state, environment.running_sha) == (State.READY, commit("new"))
    assert len(world.hears(pr)) == said, "a push edits the card and says nothing"
