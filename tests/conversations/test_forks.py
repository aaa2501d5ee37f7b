"""Code from a fork runs on the word of somebody who may, at the commit they looked at, and at no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversations.talk import Talk, words

if TYPE_CHECKING:
    from provisioner.engine import Source
    from tests.fakes.forge import User
    from tests.world import World

LOOKED_AT = "c" * 40
PUSHED = "d" * 40
AT = LOOKED_AT[:12]
NEW = PUSHED[:12]


@pytest.fixture(params=["github", pytest.param("gitlab", marks=pytest.mark.long)])
def fork(request: pytest.FixtureRequest, world: World) -> Talk:
    """An admin (ada or greta) on a request whose branch `demo` is in mallory's fork; the project has a `demo`, too."""
    forge = world.github if request.param == "github" else world.gitlab
    path, number = ("acme/shop", 12) if request.param == "github" else ("acme/tools", 5)
    forge.project_at(path).heads["demo"] = "a" * 40
    source = forge.project("mallory/shop", id=666)
    mallory = forge.user("mallory", id=66)
    admin = forge.user("ada", id=1, right="admin")
    return Talk(world, admin, forge.change_request(path, number=number, branch="demo", sha=LOOKED_AT, source=source, author=mallory))


def developer(talk: Talk) -> User:
    return talk.forge.user("dana", id=7, right="write")


async def pushes(talk: Talk, sha: str = PUSHED) -> list[str]:
    """The fork's author pushes, and the hook of the request tells of it."""
    before = len(talk.heard)
    old = talk.on.sha
    assert talk.on.source is not None
    talk.forge.move_head(talk.on.source, talk.on.branch, sha)
    await talk.world.deliver(talk.platform, talk.forge.synchronizes(talk.on, old))
    return talk.heard[before:]


def ran(talk: Talk) -> list[str]:
    """Every commit that ever ran."""
    return [spec.source.sha for spec in talk.world.engine.applied]


async def test_a_fork_is_refused_with_the_rule_who_may_and_the_line_to_type(fork: Talk) -> None:
    assert await fork.answer("/ivy create", by=developer(fork)) == words(f"""
        ❌ @dana This branch is in a fork, and code from forks runs here only at a commit that somebody who may has looked at.

        Rule: `forks`. Who may: admin.

        After looking at `{AT}`, which is its head now: `/ivy create --sha {AT}`

        <sub>reason: `fork_refused`</sub>
        """)


async def test_even_who_may_says_which_commit_they_looked_at(fork: Talk) -> None:
    answer = await fork.answer("/ivy create")
    assert "Who may" not in answer
    assert f"After looking at `{AT}`, which is its head now: `/ivy create --sha {AT}`" in answer
    assert await fork.world.environments() == []


async def test_a_developer_may_not_though_they_name_the_commit(fork: Talk) -> None:
    assert "reason: `fork_refused`" in await fork.answer(f"/ivy create --sha {AT}", by=developer(fork))
    assert ran(fork) == []


async def test_who_may_makes_it_at_the_commit_they_looked_at(fork: Talk) -> None:
    card, ready = await fork.says(f"/ivy create --sha {AT}")
    environment = await fork.world.environment()
    assert (environment.sha, environment.source_id, environment.request) == (LOOKED_AT, "666", fork.on.number)
    assert (environment.is_fork, environment.is_bound, environment.is_pinned) == (True, True, True)
    assert f"`{AT}`, of a fork" in card
    assert "is ready" in ready
    [spec] = fork.world.engine.applied
    ref = f"refs/pull/{fork.on.number}/head" if fork.platform == "github" else f"refs/merge-requests/{fork.on.number}/head"
    assert (spec.source.ref, spec.source.sha, spec.source.project) == (ref, LOOKED_AT, environment.project)


@pytest.mark.parametrize(("said", "code"), [("c" * 11, "bad_value"), ("e" * 12, "stale_head"), ("e" * 40, "stale_head")])
async def test_a_commit_that_is_not_the_head_or_too_short_makes_nothing(fork: Talk, said: str, code: str) -> None:
    answer = await fork.answer(f"/ivy create --sha {said}")
    assert f"`/ivy create --sha {AT}`" in answer
    assert f"reason: `{code}`" in answer
    assert await fork.world.environments() == []


async def test_a_push_changes_nothing_and_is_told_once(fork: Talk) -> None:
    await fork.says(f"/ivy create --sha {AT}")
    slug = (await fork.world.environment()).slug
    assert await pushes(fork) == [
        words(f"""
        ⚠️ **{slug}** stays at `{LOOKED_AT[:8]}`, which was looked at: the head of this request is `{PUSHED[:8]}` by now.

        Somebody who may, after looking at that one: `/ivy update {slug} --sha {NEW}`

        <sub>reason: `stale_head`</sub>
        """)
    ]
    assert await pushes(fork, "f" * 40) == []
    assert ran(fork) == [LOOKED_AT]


async def test_polling_tells_it_too(fork: Talk) -> None:
    await fork.says(f"/ivy create --sha {AT}")
    await fork.world.poll()
    heard = len(fork.heard)
    assert fork.on.source is not None
    fork.forge.move_head(fork.on.source, "demo", PUSHED)
    for _ in range(2):
        await fork.world.pass_time(seconds=301)
        await fork.world.poll()
    [said] = fork.heard[heard:]
    assert "which was looked at" in said
    assert ran(fork) == [LOOKED_AT]


async def test_a_new_word_takes_it_to_the_new_commit(fork: Talk) -> None:
    await fork.says(f"/ivy create --sha {AT}")
    await pushes(fork)
    slug = (await fork.world.environment()).slug
    for line in ("/ivy update", "/ivy update --size large"):
        assert f"`/ivy update {slug} --sha {NEW}`" in await fork.answer(line)
    assert "reason: `stale_head`" in await fork.answer(f"/ivy update --sha {AT}")
    assert "is ready" in await fork.answer(f"/ivy update --sha {NEW}")
    assert ran(fork) == [LOOKED_AT, PUSHED]


async def test_developers_and_the_forks_author_do_not_keep_it_going(fork: Talk) -> None:
    await fork.says(f"/ivy create --sha {AT}")
    dana = developer(fork)
    for line in (f"update --sha {NEW}", "update", "extend", "keep", "restart", "retry", "transfer @mallory"):
        answer = await fork.answer(f"/ivy {line}", by=dana)
        assert "it needs the role admin here, and yours is developer." in answer, line
        assert "Rule: `forks`. Who may: admin." in answer, line
    await fork.says("/ivy pause", by=dana)
    assert "Rule: `forks`" in await fork.answer("/ivy resume", by=dana)
    await fork.says("/ivy extend 4h", by=fork.on.author)
    assert ran(fork) == [LOOKED_AT]
    assert (await fork.world.environment()).is_paused


async def test_any_developer_takes_it_down(fork: Talk) -> None:
    await fork.says(f"/ivy create --sha {AT}")
    await fork.says("/ivy terminate", by=developer(fork))
    assert await fork.world.environments() == []
    assert "reason: `fork_refused`" in await fork.answer("/ivy restore")


async def test_the_projects_own_branch_of_that_name_is_another(fork: Talk) -> None:
    await fork.says(f"/ivy create --sha {AT}")
    await fork.pushes("b" * 40)
    await fork.world.deliver(fork.platform, fork.forge.deletes_branch(fork.on.project, "demo")[0])
    assert [each.sha for each in await fork.world.environments()] == [LOOKED_AT]


async def test_closing_the_request_takes_it_down(fork: Talk) -> None:
    await fork.says(f"/ivy create --sha {AT}")
    await fork.world.deliver(fork.platform, fork.forge.closes(fork.on))
    assert await fork.world.environments() == []


async def test_the_file_of_a_fork_does_not_set_size_or_a_longer_life(fork: Talk) -> None:
    content = b"version: 1\nttl: 90h\nsize: large\nservices: {web: {run: x}}\n"
    fork.world.repositories.files[LOOKED_AT] = {".dev-env.yaml": content}
    await fork.says(f"/ivy create --sha {AT}")
    environment = await fork.world.environment()
    assert environment.size == "small"
    assert environment.expires_at - environment.created_at == fork.world.settings.limits.ttl_hours * 3600


async def test_a_push_before_it_is_made_ends_the_making(fork: Talk) -> None:
    """The commit that was looked at is the head when it is said, and is not any more when it would be laid out."""
    reading = fork.world.engine.read

    async def read(source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        found = await reading(source, paths)
        assert fork.on.source is not None
        fork.forge.move_head(fork.on.source, "demo", PUSHED)
        return found

    fork.world.engine.read = read  # type: ignore[method-assign]
    *_, failed = await fork.says(f"/ivy create --sha {AT}")
    slug = (await fork.world.environment()).slug
    assert f"it was wanted at {AT} only, and its head is {NEW} by now." in failed
    assert f"/ivy update {slug} --sha {NEW}" in failed
    assert failed.endswith("<sub>reason: `stale_head`</sub>")
    assert ran(fork) == []


async def test_one_on_a_branch_of_the_project_may_be_bound_to_its_head_too(shop: Talk) -> None:
    head = shop.on.sha
    assert "reason: `stale_head`" in await shop.answer(f"/ivy create --sha {'e' * 12}")
    assert len(await shop.says(f"/ivy create --sha {head[:12]}")) == 2
    assert await shop.pushes("b" * 40) == []
    assert (await shop.world.environment()).sha == head
    await shop.says("/ivy update")
    environment = await shop.world.environment()
    assert (environment.sha, environment.is_bound) == ("b" * 40, False)
