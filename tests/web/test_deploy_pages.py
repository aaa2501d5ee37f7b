"""The pages of services and deploys: what runs where, what is under way, what may be pressed, and nothing to whom it is not for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from bot.domain.deployment import Change, DeploymentState, RolloutKind, RolloutState, Waits
from tests.browser import signed_in
from tests.deployed import DANA, artifact, deployment, keep, lock, rollout, slot, veto
from tests.web.test_pages import EVIL, words
from tests.world import a_world

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.world import World

SERVICES = {"payments": {"project": "lab", "folder": "payments"}, "ledger": {"project": "lab"}, "secret": {"project": "shop"}}
DEPLOY: dict[str, Any] = {
    "environments": {"dev": {}, "prod": {"after": "dev", "freezes": ("2001-01-01 - 2091-01-01",)}},
    "groups": {"shop-core": (("ledger",), ("payments",))},
}
ROLES = {"console:dana": "developer", "console:ada": "admin"}
NOT_THE_SHOP = """
@id("hidden")
@reason("it is hidden")
forbid (principal, action == Action::"ivy list", resource == Project::"shop");
"""
OLD, NEW = artifact(1), artifact(2, request=12)


@pytest.fixture
async def deployed(tmp_path: Path) -> AsyncIterator[World]:
    """`payments` runs in dev, one behind; its last try there failed."""
    async with a_world(tmp_path, console_role="viewer", people=ROLES, services=SERVICES, deploy=DEPLOY) as world:
        first, failed = rollout(1), rollout(2, state=RolloutState.FAILED, code="unhealthy")
        one = deployment(1, OLD, first)
        two = deployment(2, NEW, failed, DeploymentState.FAILED, reason="it does not answer on /health", log="booting\nno port\n")
        await keep(world.store, OLD, NEW, first, failed, one, two, slot(OLD, first, one))
        yield world


def pressed(page: httpx.Response) -> set[str]:
    return {each.replace("&#34;", '"') for each in re.findall(r'name="line" value="([^"]+)"', page.text)}


async def test_what_runs_where_is_seen_at_a_glance(deployed: World) -> None:
    async with signed_in(deployed, "dana") as web:
        shown = words(await web.get("/services"))
    assert "01010101" in shown
    assert "1 behind" in shown
    assert "last one failed" in shown
    assert "ledger" in shown
    assert "nothing yet" in shown


async def test_a_service_shows_its_artifacts_its_past_and_what_can_be_pressed(deployed: World) -> None:
    async with signed_in(deployed, "dana") as web:
        page = await web.get("/services/s/payments")
    shown = words(page)
    for words_ in ("Change 2", "#12", "it does not answer on /health", "1 · deploy", "2 · deploy"):
        assert words_ in shown
    assert f"/sled deploy payments@{NEW.commit[:12]} --to dev" in pressed(page)
    assert "/sled rollback payments --to dev" in pressed(page)
    assert "/sled promote payments --from dev --to prod" in pressed(page)
    assert "/sled release payments --in dev" not in pressed(page)


async def test_of_two_builds_of_a_commit_only_the_last_can_be_pressed(deployed: World) -> None:
    """The line names the commit, and that stands for its last build."""
    await keep(deployed.store, artifact(3, commit=NEW.commit, title="Change 2, again"))
    async with signed_in(deployed, "dana") as web:
        page = await web.get("/services/s/payments")
    assert page.text.count(f"/sled deploy payments@{NEW.commit[:12]} --to dev") == 1
    assert words(page).count("built again since") == 1


async def test_requests_and_commits_are_links_to_their_forge(deployed: World) -> None:
    there = artifact(3, "secret", project="shop", request=12)
    await keep(deployed.store, there)
    async with signed_in(deployed, "dana") as web:
        page = await web.get("/services/s/secret")
    assert f'<a href="{deployed.github.url}/acme/shop/pull/12">#12</a>' in page.text
    assert f'<a href="{deployed.github.url}/acme/shop/commit/{there.commit}">{there.commit[:8]}</a>' in page.text


async def test_a_beta_can_be_ended_and_is_not_promoted(deployed: World) -> None:
    act = rollout(4, kind=RolloutKind.BETA)
    part = deployment(4, NEW, act)
    async with deployed.store.transaction() as transaction:
        await transaction.slots.save(slot(NEW, act, part, is_beta=True, beta_request=12, beta_project="shop"))
    await keep(deployed.store, act, part)
    async with signed_in(deployed, "dana") as web:
        page = await web.get("/services/s/payments")
    assert "/sled release payments --in dev" in pressed(page)
    assert "/sled promote payments --from dev --to prod" not in pressed(page)


async def test_who_may_only_look_sees_no_button(deployed: World) -> None:
    async with signed_in(deployed, "vera") as web:
        for path in ("/services/s/payments", "/services/groups", "/deploys/2"):
            page = await web.get(path)
            assert page.status_code == 200, path
            assert not [each for each in pressed(page) if each.startswith("/sled")], path


async def test_a_deploy_shows_each_service_with_its_changes_its_plan_and_its_words(deployed: World) -> None:
    async with signed_in(deployed, "dana") as web:
        page = await web.get("/deploys/2")
        listed = words(await web.get("/deploys"))
    shown = words(page)
    for words_ in ("payments to dev", "it does not answer on /health", "update host/payments", "1 stays as it is", "no port"):
        assert words_ in shown
    assert "/sled retry 2" in pressed(page)
    assert not [each for each in pressed(page) if "rollback" in each], "what failed is not taken back once more"
    assert listed.index("2 · payments") < listed.index("1 · payments")


async def test_what_runs_is_taken_back_and_to_what_ran_once_it_is_gone_back(deployed: World) -> None:
    act = rollout(4)
    part = deployment(4, NEW, act)
    async with signed_in(deployed, "dana") as web:
        assert "/sled rollback payments --to dev" in pressed(await web.get("/deploys/1"))
        async with deployed.store.transaction() as transaction:
            await transaction.slots.save(slot(NEW, act, part))
        await keep(deployed.store, act, part)
        assert "/sled rollback payments --to dev --to-deploy 1" in pressed(await web.get("/deploys/1"))
        assert "/sled rollback payments --to dev" in pressed(await web.get("/deploys/4"))


async def test_what_waits_says_for_what(deployed: World) -> None:
    act = rollout(3, "prod", RolloutState.OPEN, kind=RolloutKind.PROMOTE)
    waiting = deployment(3, OLD, act, DeploymentState.WAITING, waits_for=Waits.LOCK, waits_why="the lock on prod of erin (audit)")
    await keep(deployed.store, act, waiting, lock("environment/prod", reason="audit"))
    async with signed_in(deployed, "dana") as web:
        page = await web.get("/deploys/3")
        assert "Waits for the lock on prod of erin (audit)" in words(page)
        assert "/sled cancel 3" in pressed(page)
        shown = words(await web.get("/services/environments"))
        assert "waiting for lock" in words(await web.get("/services"))
    assert "prod locked by dana: audit" in shown


async def test_environments_show_their_order_rules_locks_and_freezes(deployed: World) -> None:
    await keep(deployed.store, lock("service/payments", reason=EVIL))
    async with signed_in(deployed, "dana") as web:
        page = await web.get("/services/environments")
    shown = words(page)
    assert "prod ! frozen" in shown or "prod frozen" in shown
    assert "another person has to approve, merged commits only" in shown
    assert "Other locks payments locked by dana" in shown
    assert "<script>alert" not in page.text


async def test_groups_show_their_stages_and_everything_is_one(deployed: World) -> None:
    async with signed_in(deployed, "ada") as web:
        page = await web.get("/services/groups")
    assert words(page).index("ledger") < words(page).index("payments")
    assert "/sled deploy shop-core --to dev" in pressed(page)


async def test_a_vetoed_artifact_cannot_be_pressed(deployed: World) -> None:
    await keep(deployed.store, veto(NEW))
    async with signed_in(deployed, "dana") as web:
        page = await web.get("/services/s/payments")
    assert "never: loses orders" in words(page)
    assert not [each for each in pressed(page) if NEW.commit[:12] in each]


async def test_what_one_may_not_see_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "more.cedar").write_text(NOT_THE_SHOP)
    async with a_world(tmp_path, services=SERVICES, deploy=DEPLOY, policy_more=tmp_path / "more.cedar") as world:
        theirs = artifact(1, "secret", project="shop")
        act = rollout(7)
        await keep(world.store, theirs, act, deployment(7, theirs, act))
        async with signed_in(world, "vera") as web:
            for path in ("/services", "/deploys", "/services/groups", "/services/environments"):
                assert "secret" not in words(await web.get(path)), path
            for path in ("/services/s/secret", "/services/s/nothing", "/deploys/7", "/deploys/99", "/deploys/x", "/deploys/" + "9" * 30):
                assert (await web.get(path)).status_code == 404, path


async def test_hostile_names_are_only_text(deployed: World) -> None:
    evil = artifact(9, title=EVIL, author=EVIL, version=EVIL[:90])
    act = rollout(9, words=EVIL, reason=EVIL)
    bad = deployment(9, evil, act, DeploymentState.FAILED, reason=EVIL, log=EVIL, changes=(Change("create", "host", EVIL, (EVIL,)),))
    held = msgspec.structs.replace(slot(evil, act, bad), environment="prod", held_by=DANA, held_reason=EVIL)
    await keep(deployed.store, evil, act, bad, held)
    async with signed_in(deployed, "ada") as web:
        for path in ("/services", "/services/s/payments", "/deploys", "/deploys/9", "/services/groups"):
            page = await web.get(path)
            assert page.status_code == 200, path
            assert "<script>alert" not in page.text, path
            assert "<img src=//evil" not in page.text, path


async def test_the_form_of_a_lock_says_what_anybody_could_type(deployed: World) -> None:
    async with signed_in(deployed, "ada") as web:
        offered = await web.get("/services/environments")
        assert '<option value="payments:dev">' in offered.text
        fields = {"scope": "payments:dev", "reason": f'"audit" of {EVIL}', "time": "4h", "warn": ""}
        shown = await web.get((await web.sends("/services/environments/lock", **fields)).headers["location"])
        assert "payments:dev locked by ada: " in words(shown)
        assert "<script>alert" not in shown.text
        wrong = await web.get((await web.sends("/services/environments/lock", scope="pyments", reason="audit")).headers["location"])
        assert "payments" in words(wrong).split("pyments", 1)[1], "the nearest is named"


async def test_who_may_not_lock_is_offered_no_form(deployed: World) -> None:
    async with signed_in(deployed, "vera") as web:
        assert "/services/environments/lock" not in (await web.get("/services/environments")).text
        told = await web.get((await web.sends("/services/environments/lock", scope="dev", reason="audit")).headers["location"])
        assert "not allowed" in words(told) or "may not" in words(told)
