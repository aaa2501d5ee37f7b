"""What GitHub and GitLab say of a commit's checks, and of who approved what brought it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from bot.chats import github_checks, gitlab_checks
from bot.context_ports import ForgeUnavailable
from bot.domain.gates import Checks
from bot.domain.project import ForgeKind
from bot.domain.record import CONTEXT
from tests.chats.forges import Bench, bench, shop
from tests.fakes.forge import commit
from tests.fakes.openapi import describe, payloads
from tests.fakes.records import Stated

if TYPE_CHECKING:
    from collections.abc import Iterator

SHA = commit("checked")
BAD = {"github": ("failure", "cancelled", "timed_out", "action_required"), "gitlab": ("failed", "canceled", "manual")}
RUNNING = {"github": ("queued", "in_progress", "waiting"), "gitlab": ("created", "pending", "running", "scheduled")}


@pytest.fixture(params=["github", "gitlab"])
def there(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = bench(request.param)
    with made.fake:
        yield made
        made.close()


@pytest.fixture
def gitlab() -> Iterator[Bench]:
    made = bench("gitlab")
    with made.fake:
        yield made
        made.close()


async def checks(there: Bench) -> Checks:
    return await there.forge.checks(there.project, SHA)


async def test_what_nobody_checked_is_told_as_nothing(there: Bench) -> None:
    assert await checks(there) == Checks()


@pytest.mark.parametrize("sha", ["", "main", "../../user", SHA[:8]])
async def test_what_is_no_commit_is_not_asked_about(there: Bench, sha: str) -> None:
    assert await there.forge.checks(there.project, sha) == Checks()
    assert list(await there.forge.reviewed(there.project, sha)) == []
    assert there.fake.requests == []


async def test_all_that_passed_is_named(there: Bench) -> None:
    for name in ("unit", "lint"):
        there.fake.checks.say(SHA, name)
    found = await checks(there)
    assert (found.failed, found.running) == ((), ())
    assert {"lint", "unit"} <= set(found.passed)


async def test_each_way_of_not_passing_is_a_no(there: Bench) -> None:
    for state in BAD[str(there.platform)]:
        there.fake.checks.say(SHA, f"as {state}", state)
    there.fake.checks.say(SHA, "unit")
    found = await checks(there)
    assert set(found.failed) == {f"as {state}" for state in BAD[str(there.platform)]}


async def test_what_is_not_over_is_waited_for(there: Bench) -> None:
    for state in RUNNING[str(there.platform)]:
        there.fake.checks.say(SHA, f"as {state}", state)
    found = await checks(there)
    assert set(found.running) >= {f"as {state}" for state in RUNNING[str(there.platform)]}
    assert found.failed == ()


async def test_a_check_that_is_run_again_is_as_it_is_now(there: Bench) -> None:
    there.fake.checks.say(SHA, "unit", BAD[str(there.platform)][0])
    there.fake.checks.say(SHA, "unit")
    assert (await checks(there)).failed == ()


@pytest.mark.parametrize("context", [CONTEXT, f"{CONTEXT} (second)"])
@pytest.mark.parametrize("state", ["success", "failure"])
async def test_what_trellis_itself_says_beside_a_commit_counts_for_nothing(there: Bench, state: str, context: str) -> None:
    said = {"failure": "failed"}.get(state, state) if there.platform.value == "gitlab" else state
    there.fake.records.statuses.append(Stated(SHA, context, said, "", ""))
    assert await checks(there) == Checks()
    there.fake.checks.say(SHA, "unit")
    found = await checks(there)
    assert (found.failed, "unit" in found.passed) == ((), True)


async def test_another_ci_s_word_counts(there: Bench) -> None:
    bad = "failed" if there.platform.value == "gitlab" else "error"
    there.fake.records.statuses.append(Stated(SHA, "jenkins/build", bad, "", ""))
    there.fake.checks.say(SHA, "unit")
    assert (await checks(there)).failed == ("jenkins/build",)


async def test_all_pages_are_read(there: Bench) -> None:
    for number in range(130):
        there.fake.checks.say(SHA, f"check {number}")
    there.fake.checks.say(SHA, "the last", BAD[str(there.platform)][0])
    found = await checks(there)
    assert found.failed == ("the last",)
    assert len([each for each in found.passed if each.startswith("check")]) == 130


async def test_a_commit_with_more_checks_than_are_read_is_not_known_to_be_good(there: Bench) -> None:
    for number in range(1_001):
        there.fake.checks.say(SHA, f"check {number}")
    with pytest.raises(ForgeUnavailable, match="more than 1000"):
        await checks(there)


@pytest.mark.parametrize("status", [403, 500])
async def test_a_forge_that_does_not_say_is_no_yes(there: Bench, status: int) -> None:
    there.fake.checks.say(SHA, "unit")
    there.fake.fail_next("GET statuses", status)
    with pytest.raises(ForgeUnavailable):
        await checks(there)


async def test_of_another_repository_at_the_same_path_nothing_is_believed() -> None:
    made = bench("github")
    with made.fake:
        made.fake.projects[0].id = 4242
        made.fake.checks.say(SHA, "unit")
        for question in (made.forge.checks(made.project, SHA), made.forge.reviewed(made.project, SHA)):
            with pytest.raises(ForgeUnavailable, match="another repository"):
                await question
        made.close()


# -- GitLab's pipelines ------------------------------------------------------------------------------


async def test_a_job_that_may_fail_may(gitlab: Bench) -> None:
    gitlab.fake.checks.say(SHA, "fuzz", "failed", may_fail=True)
    gitlab.fake.checks.say(SHA, "on failure only", "skipped")
    gitlab.fake.checks.say(SHA, "unit")
    assert (await checks(gitlab)).failed == ()


@pytest.mark.parametrize("state", ["failed", "skipped", "canceled", "manual"])
async def test_a_pipeline_that_is_not_good_though_no_job_says_why_is_a_no(gitlab: Bench, state: str) -> None:
    gitlab.fake.checks.pipe(SHA, 31, state)
    assert (await checks(gitlab)).failed == ("pipeline 31",)


async def test_a_pipeline_that_fails_only_by_what_trellis_says_is_good(gitlab: Bench) -> None:
    gitlab.fake.checks.say(SHA, "unit", pipeline=1)
    gitlab.fake.records.statuses.append(Stated(SHA, CONTEXT, "failed", "", ""))  # GitLab puts it into pipeline 1
    gitlab.fake.checks.pipe(SHA, 1, "failed")
    assert (await checks(gitlab)).failed == ()


async def test_a_pipeline_of_nothing_but_what_trellis_says_is_no_check(gitlab: Bench) -> None:
    gitlab.fake.records.statuses.append(Stated(SHA, CONTEXT, "success", "", ""))
    gitlab.fake.checks.pipe(SHA, 1, "success", source="external")
    assert await checks(gitlab) == Checks()


async def test_a_pipeline_that_was_started_anew_counts_as_it_is_now(gitlab: Bench) -> None:
    gitlab.fake.checks.say(SHA, "unit", "failed", pipeline=31)
    gitlab.fake.checks.pipe(SHA, 31, "failed")
    gitlab.fake.checks.say(SHA, "unit", pipeline=32)
    gitlab.fake.checks.pipe(SHA, 32, "success")
    assert (await checks(gitlab)).failed == ()


# -- who approved ------------------------------------------------------------------------------------


async def test_a_commit_that_no_request_brought_has_none(there: Bench) -> None:
    assert list(await there.forge.reviewed(there.project, SHA)) == []


async def test_the_request_that_was_merged_as_it_is_told_with_its_author_and_approvers(there: Bench) -> None:
    ada = there.fake.user("ada", id=8, right="write")
    there.request.reviewed(ada)
    there.request.merged_as(SHA)
    [found] = await there.forge.reviewed(there.project, SHA)
    assert (found.number, found.author, found.approvers) == (12, there.person(there.request.author), (there.person(ada),))


async def test_an_open_request_counts_for_its_head_only_and_a_closed_one_for_nothing(there: Bench) -> None:
    assert [each.number for each in await there.forge.reviewed(there.project, there.request.sha)] == [12]
    there.request.state = "closed"
    assert list(await there.forge.reviewed(there.project, there.request.sha)) == []


async def test_the_last_word_of_each_counts_and_a_comment_is_no_word(there: Bench) -> None:
    people = {name: there.fake.user(name, id=number, right="write") for number, name in enumerate(("ada", "bea", "cem"), 80)}
    said = {"ada": ("APPROVED", "COMMENTED"), "bea": ("APPROVED", "CHANGES_REQUESTED"), "cem": ("APPROVED", "DISMISSED")}
    for name, words in said.items():
        for word in words:
            there.request.reviewed(people[name], word)
    there.request.merged_as(SHA)
    [found] = await there.forge.reviewed(there.project, SHA)
    assert [each.name for each in found.approvers] == ["ada"]


# -- as the forges write it --------------------------------------------------------------------------


def examples() -> dict[str, Any]:
    description = describe("github.json")
    return description._document["components"]["examples"] if description else {}


@pytest.mark.skipif(not payloads(), reason="the recorded answers are not here")
async def test_github_s_own_examples_are_read() -> None:
    said = {"check-runs": "check-run-paginated", "/status": "combined-commit-status", "/reviews": "pull-request-review-items"}
    pull = {"number": 1347, "state": "closed", "head": {"sha": SHA}, "base": {"ref": "main"}, "user": {"id": 1, "login": "octocat"}}

    async def get(path: str, shape: Any, /) -> Any:
        example = next((name for word, name in said.items() if word in path), "")
        value = examples()[example]["value"] if example else [{**pull, "merged_at": "2011-01-26T19:01:12Z"}]
        return msgspec.json.decode(json.dumps(value), type=shape)

    project = shop(ForgeKind.GITHUB)
    assert await github_checks.checks(get, project, SHA) == Checks(
        passed=("continuous-integration/jenkins", "mighty_readme", "security/brakeman")
    )
    [found] = await github_checks.reviewed(get, project, SHA)
    assert [each.name for each in found.approvers] == ["octocat"]


@pytest.mark.skipif(not payloads(), reason="the recorded answers are not here")
async def test_gitlab_s_recorded_statuses_are_read() -> None:
    folder = payloads()
    assert folder is not None
    files = (json.loads(each.read_bytes()) for each in sorted((folder / "api" / "gitlab_samples").glob("commitstatus.*.json")))
    recorded = [each for file in files for each in (file if isinstance(file, list) else [file])]

    async def get(path: str, shape: Any, /) -> Any:
        return msgspec.convert([] if "/pipelines" in path else recorded, shape)

    found = await gitlab_checks.checks(get, shop(ForgeKind.GITLAB), SHA)
    assert {*found.failed, *found.running, *found.passed} == {each["name"] for each in recorded}
