"""Approvals on a page: asked for beyond the cap, answered by a press of somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser import signed_in, signed_in_elsewhere
from tests.deploys import built
from tests.web.test_pages import create, words

if TYPE_CHECKING:
    from tests.world import World


async def test_a_longer_life_is_asked_for_and_approved_by_a_press_of_somebody_else(world: World) -> None:
    async with signed_in(world, "dana") as dana, signed_in_elsewhere(world, "ada", "admin") as ada:
        await create(dana)
        await world.settle()
        it = await world.environment()
        assert "Nothing waits for you" in words(await ada.get("/approvals"))
        await dana.sends("/say", line=f'/ivy extend {it.slug} 90h --reason "the fair"', back=f"/environments/{it.slug}")
        await world.settle()
        assert "somebody else who is admin here has to" in words(await dana.get("/approvals"))
        page = await ada.get("/approvals")
        assert f"{it.slug} lab dana 90 h more until" in words(page)
        assert "the fair" in words(page)
        [line] = [part.split('"')[0] for part in page.text.split('value="') if part.startswith("/ivy approve")]
        await dana.sends("/say", line=line, back="/approvals")
        await world.settle()
        assert (await world.environment()).expires_at == it.expires_at
        await ada.sends("/say", line=line, back="/approvals")
        await world.settle()
        assert (await world.environment()).expires_at == it.expires_at + 90 * 3600
        assert "Nothing waits for you" in words(await ada.get("/approvals"))


async def test_a_deploy_is_shown_with_what_it_changes_and_approved_by_a_press_of_somebody_else(world: World) -> None:
    await built(world, "hello", "4fd1c0e9", title="Round the cents")
    async with (
        signed_in(world, "dana") as dana,
        signed_in_elsewhere(world, "ada", "admin") as ada,
        signed_in_elsewhere(world, "bo", "developer") as bo,
    ):
        await dana.sends("/say", line="/sled deploy hello --to staging", back="/")
        await world.settle()
        await dana.sends("/say", line='/sled deploy hello --to prod --reason "the fair"', back="/")
        await world.settle()
        assert "Somebody else who is admin here has to answer" in words(await dana.get("/approvals"))
        assert "Somebody who is admin here has to answer" in words(await bo.get("/approvals"))
        page = await ada.get("/approvals")
        for part in (
            "hello@4fd1c0e9 to prod",
            "dana asks: the fair",
            "Round the cents",
            "create fake/config",
            "create fake/program",
            "plan",
        ):
            assert part in words(page)
        [line] = [part.split('"')[0] for part in page.text.split('value="') if part.startswith("/sled approve")]
        assert line in (await ada.get("/deploys/2")).text
        for refused in (dana, bo):
            await refused.sends("/say", line=line, back="/approvals")
            await world.settle()
            assert ("hello", "prod") not in world.runner.live
        await ada.sends("/say", line=line, back="/approvals")
        await world.settle()
        assert ("hello", "prod") in world.runner.live
        assert "Nothing waits for you" in words(await ada.get("/approvals"))


async def test_a_plan_is_a_page_and_deployed_from_there_by_a_press(world: World) -> None:
    await built(world, "hello", "4fd1c0e9")
    async with signed_in(world, "dana") as dana:
        await dana.sends("/say", line="/sled plan hello --to dev", back="/")
        await world.settle()
        page = await dana.get("/deploys/1")
        for part in ("plan only", "planned", "create fake/config"):
            assert part in words(page)
        assert 'value="/sled deploy hello@4fd1c0e9 --to dev"' in page.text
        assert ("hello", "dev") not in world.runner.live


async def test_pausing_keeping_and_restoring_are_a_press_away(world: World) -> None:
    async with signed_in(world, "dana") as web:
        await create(web)
        await world.settle()
        it = await world.environment()
        path = f"/environments/{it.slug}"
        for label, line in (("Pause", f"/ivy pause {it.slug}"), ("Resume", f"/ivy resume {it.slug}"), ("Keep", f"/ivy keep {it.slug}"),
                            ("Keep no more", f"/ivy unkeep {it.slug}")):  # fmt: skip
            shown = (await web.get(path)).text
            assert f'value="{line}">{label}</button>' in shown, label
            assert f'value="/ivy extend {it.slug} 24h">' in shown, "paused or not, its end comes"
            await web.sends("/say", line=line, back=path)
            await world.settle()
        await web.sends("/say", line=f"/ivy terminate {it.slug}", back=path)
        await world.settle()
        assert f'value="/ivy restore {it.slug}">Restore</button>' in (await web.get(f"{path}?id={it.id}")).text
        await web.sends("/say", line=f"/ivy restore {it.slug}", back=path)
        await world.settle()
        assert (await world.environment()).restored_from == it.id
