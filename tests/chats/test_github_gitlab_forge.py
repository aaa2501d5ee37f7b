"""The port `Forge` on GitHub and on GitLab: rights by numeric id, requests as they are now."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from bot.context_ports import ForgeUnavailable
from bot.domain.message import Person, Platform
from bot.domain.project import ChangeRequest, ForgeKind, Right
from tests.chats.forges import Bench, bench
from tests.fakes.forge import commit

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["github", "gitlab"])
def there(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = bench(request.param)
    with made.fake:
        yield made
        made.close()


@pytest.mark.parametrize("right", ["none", "read", "write", "admin"])
async def test_the_right_is_what_the_forge_says_now(there: Bench, right: str) -> None:
    there.dana.right = right
    assert await there.forge.right_of(there.person(there.dana), there.project) is Right(right)


async def test_a_stranger_has_no_right(there: Bench) -> None:
    assert await there.forge.right_of(Person(there.platform, "999", "stranger"), there.project) is Right.NONE


async def test_a_right_in_another_project_is_none_here(there: Bench) -> None:
    other = there.fake.project("acme/other", id=43)
    there.dana.right, there.dana.rights = "none", {other.id: "admin"}
    assert await there.forge.right_of(there.person(there.dana), there.project) is Right.NONE


async def test_a_name_taken_over_by_another_account_gives_no_right(there: Bench) -> None:
    dana = there.person(there.dana)
    there.dana.login, there.dana.right = "dana-that-was", "none"
    there.fake.user("dana", id=8, right="admin")
    assert await there.forge.right_of(dana, there.project) is Right.NONE


async def test_an_account_of_another_platform_is_not_asked_about(there: Bench) -> None:
    for platform in (Platform.SLACK, Platform.CONSOLE):
        assert await there.forge.right_of(Person(platform, "7", "dana"), there.project) is Right.NONE
    assert there.fake.requests == []


async def test_a_hostile_name_and_id_reach_no_address(there: Bench) -> None:
    names = ("", ".", "..", "../../issues/1", "a/b", "dana?x=1", "dana#", "da na", "dana\r\nX: y", "%2e%2e")
    for name, number in itertools.product(names, ("", "7/../8", "x", "-7", "٧")):
        assert await there.forge.right_of(Person(there.platform, number, name), there.project) is Right.NONE
    assert there.fake.requests == []


async def test_an_error_is_no_right(there: Bench) -> None:
    for status in (401, 403, 429, 500, 503):
        there.fake.fail_next("GET right", status)
        with pytest.raises(ForgeUnavailable):
            await there.forge.right_of(there.person(there.dana), there.project)


async def test_an_odd_answer_is_no_right(there: Bench) -> None:
    bodies: list[Any] = [[], {}, {"permission": 1}, {"id": "7", "access_level": "40"}, "<html>", "{", {"user": None, "permission": "admin"}]
    for body in bodies:
        there.fake.fail_next("GET right", 200, body=body)
        try:
            assert await there.forge.right_of(there.person(there.dana), there.project) is Right.NONE
        except ForgeUnavailable:
            continue


async def test_a_request_is_described_as_it_is_now(there: Bench) -> None:
    found = await there.forge.change_request(there.project, 12)
    assert found == ChangeRequest(
        project="shop",
        number=12,
        title="Make it better",
        url=found.url if found else "",
        ref="refs/heads/demo",
        sha=commit("acme/shop", "demo"),
        source_id="42",
        is_fork=False,
        is_open=True,
        author=found.author if found else None,
    )
    assert found.author == (there.person(there.dana) if there.project.forge is ForgeKind.GITLAB else None)
    assert found.url.startswith("https://forge.example/acme/shop/")


async def test_its_head_follows_a_push(there: Bench) -> None:
    there.fake.move_head(there.request.project, "demo", "b" * 40)
    found = await there.forge.change_request(there.project, 12)
    assert found
    assert found.sha == "b" * 40


@pytest.mark.parametrize("state", ["closed", "merged"])
async def test_a_closed_request_is_not_open(there: Bench, state: str) -> None:
    there.request.state = state
    found = await there.forge.change_request(there.project, 12)
    assert found
    assert not found.is_open


async def test_a_fork_is_told(there: Bench) -> None:
    there.request.source = there.fake.project("eve/shop", id=66)
    found = await there.forge.change_request(there.project, 12)
    assert found
    assert (found.is_fork, found.source_id) == (True, "66")


async def test_a_fork_that_was_deleted_is_a_fork(there: Bench) -> None:
    there.request.source = None
    found = await there.forge.change_request(there.project, 12)
    assert found
    assert (found.is_fork, found.source_id) == (True, "")


async def test_a_request_that_the_api_does_not_know_yet_is_asked_for_again(there: Bench) -> None:
    there.fake.fail_next("GET request", 404, times=2)
    found = await there.forge.change_request(there.project, 12)
    assert found
    assert found.number == 12


async def test_no_such_request_is_none(there: Bench) -> None:
    assert await there.forge.change_request(there.project, 13) is None
    assert len(there.fake.asked("GET request")) == 3


async def test_an_error_is_not_no_such_request(there: Bench) -> None:
    for status in (401, 403, 429, 500):
        there.fake.fail_next("GET request", status)
        with pytest.raises(ForgeUnavailable):
            await there.forge.change_request(there.project, 12)


async def test_what_is_merged_is_what_is_on_the_default_branch(there: Bench) -> None:
    project = there.fake.project_at("acme/shop")
    one, head = there.fake.commits(project, "c" * 40), project.heads["main"]
    assert await there.forge.merged_at(there.project, one) is None
    assert await there.forge.merged_at(there.project, head) is not None
    there.fake.merges(project, one)
    assert await there.forge.merged_at(there.project, one) == pytest.approx(project.commits[one], abs=1)


async def test_what_nobody_knows_is_not_merged_and_a_name_is_no_commit(there: Bench) -> None:
    assert await there.forge.merged_at(there.project, "d" * 40) is None
    asked = len(there.fake.requests)
    for name in ("main", "HEAD", "", "refs/heads/main", "c" * 8, "C" * 40, "../../issues", "main...main", "c" * 40 + "\n"):
        assert await there.forge.merged_at(there.project, name) is None
    assert len(there.fake.requests) == asked


async def test_a_forge_that_does_not_say_so_is_told_as_that(there: Bench) -> None:
    for status in (401, 403, 429, 500, 503):
        there.fake.fail_next("GET comparison", status)
        with pytest.raises(ForgeUnavailable):
            await there.forge.merged_at(there.project, there.fake.project_at("acme/shop").heads["main"])
    odd: list[Any] = [[], {}, {"status": "behind"}, {"id": 7}, "<html>"]
    for body in odd:
        there.fake.fail_next("GET comparison", 200, body=body)
        with pytest.raises(ForgeUnavailable):
            await there.forge.merged_at(there.project, there.fake.project_at("acme/shop").heads["main"])


async def test_a_repository_that_took_over_the_path_gives_no_right() -> None:
    made = bench("github")
    with made.fake:
        made.fake.projects[0].id = 666
        with pytest.raises(ForgeUnavailable, match="another repository"):
            await made.forge.right_of(made.person(made.dana), made.project)
        with pytest.raises(ForgeUnavailable, match="another repository"):
            await made.forge.change_request(made.project, 12)
        with pytest.raises(ForgeUnavailable, match="another repository"):
            await made.forge.merged_at(made.project, made.fake.projects[0].heads["main"])
        made.close()


async def test_the_lower_of_right_and_known_role_counts() -> None:
    table = {
        ("write", "maintain"): Right.WRITE,
        ("read", "triage"): Right.READ,
        ("write", "release-manager"): Right.WRITE,
        ("write", "read"): Right.READ,
        ("none", "admin"): Right.NONE,
        ("owner", "owner"): Right.NONE,
        ("", "admin"): Right.NONE,
    }
    made = bench("github")
    with made.fake:
        for (permission, role), right in table.items():
            made.fake.fail_next("GET right", 200, body={"permission": permission, "role_name": role, "user": {"id": 7}})
            assert await made.forge.right_of(made.person(made.dana), made.project) is right
        made.close()


async def test_a_blocked_member_has_no_right() -> None:
    made = bench("gitlab")
    with made.fake:
        made.dana.is_blocked = True
        assert await made.forge.right_of(made.person(made.dana), made.project) is Right.NONE
        made.close()


async def test_levels_are_read_as_gitlab_means_them() -> None:
    table = {0: "none", 5: "none", 10: "read", 15: "read", 20: "read", 30: "write", 40: "admin", 50: "admin"}
    made = bench("gitlab")
    with made.fake:
        for level, right in table.items():
            made.fake.fail_next("GET right", 200, body={"id": 7, "state": "active", "access_level": level})
            assert await made.forge.right_of(made.person(made.dana), made.project) is Right(right)
        made.close()
