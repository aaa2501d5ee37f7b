"""What is merged is what the forge says is on the default branch, whatever whoever built it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.worker.follow import follow
from tests.store.test_artifacts import artifact
from tests.world import LOCAL

if TYPE_CHECKING:
    from bot.domain.artifact import Artifact
    from tests.fakes.forge import Project
    from tests.fakes.github import FakeGitHub
    from tests.fakes.gitlab import FakeGitLab
    from tests.world import World

ONE, TWO = "1" * 40, "2" * 40


def _there(world: World, kind: str) -> tuple[FakeGitHub | FakeGitLab, Project]:
    return (world.github, world.shop) if kind == "github" else (world.gitlab, world.tools)


async def _built(world: World, key: str, *commits: str) -> None:
    async with world.store.transaction() as transaction:
        for each in commits:
            await transaction.artifacts.add(artifact(each, project=key, registered_at=transaction.now))


async def _merged(world: World) -> set[str]:
    async with world.store.look() as look:
        found: list[Artifact] = list(await look.artifacts.listed(["payments"]))
    return {each.commit for each in found if each.is_merged}


@pytest.mark.parametrize("kind", ["github", "gitlab"])
async def test_a_push_to_the_default_branch_merges_what_is_on_it(world: World, kind: str) -> None:
    forge, project = _there(world, kind)
    await _built(world, "shop" if kind == "github" else "tools", ONE, TWO)
    for sha in (ONE, TWO):
        forge.commits(project, sha)
    await world.deliver(kind, forge.pushes(project, "demo", ONE))
    assert await _merged(world) == set()
    assert forge.asked("GET comparison") == []
    forge.merges(project, ONE)
    await world.deliver(kind, forge.pushes(project, "main", "9" * 40))
    assert await _merged(world) == {ONE}


@pytest.mark.parametrize("kind", ["github", "gitlab"])
async def test_a_merged_request_is_asked_about_and_a_claim_is_not_believed(world: World, kind: str) -> None:
    forge, project = _there(world, kind)
    await _built(world, "shop" if kind == "github" else "tools", ONE)
    request = forge.change_request(project, number=12, branch="demo", sha=forge.commits(project, ONE))
    await world.deliver(kind, forge.closes(request, is_merged=True))
    assert await _merged(world) == set()  # squashed: this commit is not on it
    forge.merges(project, ONE)
    await world.deliver(kind, forge.closes(request, is_merged=True))
    assert await _merged(world) == {ONE}


async def test_a_forge_that_is_away_is_asked_again(world: World) -> None:
    await _built(world, "shop", ONE)
    world.github.merges(world.shop, ONE)
    world.github.fail_next("GET comparison", 503)
    await world.deliver("github", world.github.pushes(world.shop, "main", ONE))
    assert await _merged(world) == set()
    await world.pass_time(seconds=60)
    assert await _merged(world) == {ONE}


async def _follows(world: World) -> None:
    await follow(world.store, world.parts.runtime, world.branches, world.parts.mains, world.parts.projects)


async def test_a_project_without_a_forge_goes_by_git(world: World) -> None:
    await _built(world, "lab", ONE, TWO)
    await _follows(world)
    assert await _merged(world) == set()
    world.lab["main"] = ONE
    await _follows(world)
    assert await _merged(world) == {ONE}
    world.repositories.is_down = True
    world.lab["main"] = "9" * 40
    world.repositories.merged[LOCAL] = {TWO: 5.0}
    await _follows(world)
    world.repositories.is_down = False
    await _follows(world)
    assert await _merged(world) == {ONE, TWO}
