"""restore, transfer, history and cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from bot.asking import identity
from bot.domain.environment import State
from bot.domain.message import Person, Platform
from bot.price_table import Priced, PriceTable, Region, write
from bot.store.web_people import WebPeople, WebPerson
from tests.api import api_of
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words
from tests.world import World, a_world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def priced(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path, database_url=database_url, prices={"small": 0.25, "large": 1.0}) as made:
        yield made


@pytest.fixture
def paid(priced: World) -> Talk:
    dana = priced.github.user("dana", id=7, right="write")
    return Talk(priced, dana, priced.github.pull_request("acme/shop", number=12, branch="demo", author=dana))


async def test_what_is_gone_comes_back_at_the_same_address(shop: Talk) -> None:
    old = await shop.makes()
    await shop.answer("/ivy terminate")
    _, answer = await shop.says("/ivy restore demo-vn4gah")
    assert answer.startswith("✅ @dana **demo-vn4gah** is ready")
    new = await shop.world.environment()
    assert (new.slug, new.sha, new.restored_from, new.state) == (old.slug, old.sha, old.id, State.READY)
    assert new.id != old.id
    assert "There is one already for `demo`." in await shop.answer("/ivy restore")


async def test_without_a_name_it_is_what_went_here_and_not_what_runs_beside_it(world: World) -> None:
    await world.types("create lab:demo")
    await world.types("create lab:demo --name second --ttl 3h")
    [_, second] = await world.environments()
    await world.types(f"terminate {second.slug}")
    assert await world.types("restore", thread="elsewhere") == [
        "✗ dana: There is no environment here. Make one: /ivy create · list them: /ivy list\n  reason: no_environment"
    ]
    assert (await world.types("restore"))[0].startswith(f"✓ dana: {second.slug} is ready")
    for each in await world.environments():
        await world.types(f"terminate {each.slug}")
    assert await world.types("restore") == [
        words(
            f"""
            ✗ dana: Which one? There is more than one here:
              - demo-cd7qqd · demo
              - {second.slug} · demo
              reason: which_environment
            """
        )
    ]
    await world.pass_time(hours=72.1)
    assert "reason: no_environment" in (await world.types("restore"))[0]


async def test_in_a_request_without_a_name_it_is_what_went_there_too(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy create --name second")
    [second] = [each for each in await shop.world.environments() if each.name == "second"]
    await shop.answer(f"/ivy terminate {second.slug}")
    assert f"**{second.slug}** is ready" in (await shop.says("/ivy restore"))[-1]


async def test_not_what_is_gone_for_long_nor_what_has_lost_its_branch(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy terminate")
    await shop.after(hours=72.1)
    assert "`too_late`" in await shop.answer("/ivy restore")


async def test_it_is_given_to_somebody_else(shop: Talk) -> None:
    shop.world.github.user("grace", id=11, right="write")
    await shop.makes()
    assert await shop.answer("/ivy transfer @grace") == words(
        """
        ✅ **demo-vn4gah** is now owned by @grace, no longer by dana.

        It goes 2026-12-02 12:00 UTC.
        """
    )
    owner = (await shop.world.environment()).owner
    assert (owner.id, owner.name) == ("11", "grace")
    assert await shop.answer("/ivy transfer @grace") == "**demo-vn4gah** is grace's already."
    [warning] = await shop.after(hours=44.1)
    assert warning.startswith("⚠️ @grace ")


async def test_only_to_somebody_who_may_see_it(shop: Talk) -> None:
    shop.world.github.user("mallory", id=12, right="none")
    await shop.makes()
    assert "`not_allowed`" in await shop.answer("/ivy transfer @mallory")
    assert "There is nobody called nobody on github." in await shop.answer("/ivy transfer @nobody")
    assert "Whose shall it be?" in await shop.answer("/ivy transfer")
    assert (await shop.world.environment()).owner.name == "dana"


async def test_in_a_terminal_only_to_who_has_been_there(world: World) -> None:
    await world.types("create lab:demo")
    slug = (await world.environment()).slug
    assert await world.types(f"transfer {slug} @ghost") == [
        words(
            """
            ✗ dana: Nobody called ghost has been here yet. Once they have signed in or spoken, say it again.
              reason: unknown_person
            """
        )
    ]
    await world.types("list", by="Grace")
    await world.types(f"transfer {slug} @grace")
    owner = (await world.environment()).owner
    assert (owner.id, owner.name) == ("grace", "Grace")


async def test_in_slack_only_to_members_who_may_work_with_it(slack: Slack) -> None:
    await slack.slash("create demo")
    slug = (await slack.world.environment()).slug
    assert shown(await slack.slash(f"transfer {slug} <@U0VERA|vera>"))[1:] == [
        "❌ <@U0DANA> vera may not work with environments of lab, and so cannot own one.\nreason: `not_allowed`"
    ]
    assert shown(await slack.slash(f"transfer {slug} <@U0NOBODY>"))[1].startswith("❌ <@U0DANA> There is nobody called U0NOBODY on slack.")
    slack.person("ada").is_guest = True
    assert shown(await slack.slash(f"transfer {slug} <@U0ADA|ada>"))[1].startswith("❌ <@U0DANA> There is nobody called U0ADA on slack.")
    assert (await slack.world.environment()).owner.id == "U0DANA"


async def test_a_sign_in_gives_to_who_has_signed_in(world: World) -> None:
    await world.types("create lab:demo")
    slug = (await world.environment()).slug
    people = WebPeople(world.store)
    for id_, name, role in (("acme-1", "Dana", "admin"), ("acme-2", "Grace", "developer"), ("acme-3", "Vera", "viewer")):
        await people.signed_in(WebPerson(id_, "https://id.example", id_, name, f"{name}.Hopper@acme.example", role))

    dana = await api_of(world, Person(Platform.WEB, "acme-1", "Dana"))

    async def owner_after(line: str) -> str:
        await dana.says(line)
        await world.settle()
        return identity((await world.environment()).owner)

    assert await owner_after(f"/ivy transfer {slug} @vera") == "console:dana"
    assert await owner_after(f"/ivy transfer {slug} @nobody") == "console:dana"
    assert await owner_after(f"/ivy transfer {slug} @grace.hopper") == "web:acme-2"


async def test_not_past_the_quota_of_who_gets_it(tmp_path: Path, database_url: str) -> None:
    async with a_world(tmp_path, database_url=database_url, limits={"per_person": 1}) as world:
        await world.types("create lab:main", by="grace")
        await world.types("create lab:demo")
        [mine] = [each.slug for each in await world.environments() if each.owner.id == "dana"]
        assert await world.types(f"transfer {mine} @grace") == [
            words(
                """
                ✗ dana: grace has 1 environment, which is all that the quota per_person allows.
                  reason: over_quota
                """
            )
        ]


async def test_on_gitlab_too(tools: Talk) -> None:
    tools.world.gitlab.user("grace", id=71, right="write")
    await tools.makes()
    await tools.answer("/ivy transfer @grace")
    assert (await tools.world.environment()).owner.id == "71"


async def test_the_cost_so_far_and_until_it_goes(paid: Talk) -> None:
    await paid.makes()
    await paid.after(hours=10)
    assert await paid.answer("/ivy cost") == words(
        """
        **demo-vn4gah** has cost €2.50: 10 h at €0.25 an hour (small).

        Until it goes, 2026-12-02 12:00 UTC, another €9.50.
        """
    )
    await paid.answer("/ivy pause")
    await paid.after(hours=10)
    assert "has cost €2.50: 10 h" in await paid.answer("/ivy cost")
    assert await paid.answer("/ivy cost --mine") == words(
        """
        €2.50 so far for what you own:

        | environment | ran | cost |
        | --- | --- | --- |
        | **demo-vn4gah** | 10 h | €2.50 |
        """
    )


async def test_what_ran_at_another_size_is_reckoned_at_its_price(paid: Talk) -> None:
    await paid.makes()
    await paid.after(hours=10)
    await paid.answer("/ivy update --size large")
    await paid.after(hours=1)
    assert (await paid.answer("/ivy cost")).startswith("**demo-vn4gah** has cost €3.50: 11 h, now at €1.00 an hour (large).")
    await paid.answer("/ivy update --size small")
    await paid.after(hours=2)
    assert (await paid.answer("/ivy cost")).startswith("**demo-vn4gah** has cost €4.00: 13 h, now at €0.25 an hour (small).")


async def test_what_is_gone_says_what_it_cost(paid: Talk) -> None:
    await paid.makes()
    await paid.after(hours=10)
    assert await paid.answer("/ivy terminate") == words(
        """
        @dana **demo-vn4gah** is gone: dana asked for it.

        It cost €2.50.

        Have it again: `/ivy restore demo-vn4gah`
        """
    )


async def test_a_person_without_the_sign_is_shown_the_line_with_it(world: World) -> None:
    await world.types("create lab:demo")
    told = " ".join((await world.types("/ivy transfer grace"))[0].split())
    assert told.startswith("✗ dana: There is no environment grace. A person is named with @. Try: /ivy transfer @grace")
    assert (await world.environment()).owner.name == "dana"


async def test_without_prices_nothing_is_reckoned(shop: Talk) -> None:
    await shop.makes()
    await shop.after(hours=10)
    assert await shop.answer("/ivy cost") == "No prices are set here, so nothing is reckoned. **demo-vn4gah** ran 10 h."


async def test_the_past_of_a_branch(paid: Talk) -> None:
    await paid.makes()
    await paid.after(hours=2)
    await paid.answer("/ivy terminate")
    await paid.says("/ivy create")
    assert await paid.answer("/ivy history") == words(
        """
        2 environments of demo in shop:

        | environment | made | owner | ran | cost | now |
        | --- | --- | --- | --- | --- | --- |
        | **demo-vn4gah** | 2026-11-30 14:00 UTC | dana | 1 min | €0.00 | ready |
        | **demo-vn4gah** | 2026-11-30 12:00 UTC | dana | 2 h | €0.50 | gone: dana asked for it |
        """
    )


async def test_what_comes_back_is_at_the_head_of_its_branch(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy terminate")
    await shop.pushes("c" * 40)
    await shop.says("/ivy restore")
    assert [spec.source.sha for spec in shop.world.engine.applied[1:]] == ["c" * 40]


async def test_a_new_table_of_prices_counts_at_once_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    def written(per_hour: float, day: str) -> None:
        sizes = {size: Priced("t3.large", per_hour) for size in ("small", "medium", "large")}
        write(tmp_path / "prices.json", PriceTable({"eu-west-1": Region(day, "USD", 60, sizes)}))

    written(0.25, "2026-10-01")
    prices = {"region": "eu-west-1", "file": tmp_path / "prices.json"}
    async with a_world(tmp_path, prices=prices) as world:
        await world.types("/ivy create lab:demo")
        assert "USD 0.25 an hour" in await world.card()
        slug = (await world.environment()).slug
        await world.pass_time(hours=2)
        written(0.5, "2026-11-01")
        told = "\n".join(await world.types(f"/ivy cost {slug}"))
        assert "USD 1.00" in told
        assert "2026-11-01" in told
        (tmp_path / "prices.json").write_text("{")
        assert "USD 1.00" in "\n".join(await world.types(f"/ivy cost {slug}"))
        await world.types(f"/ivy pause {slug}")
        assert "nothing while it is paused" in await world.card()
        written(0.5, "2026-11-01")
        await world.types(f"/ivy terminate {slug}")
        assert "cost    USD 1.00" in await world.card()


async def test_a_stopped_machines_disk_goes_on_costing(tmp_path: Path) -> None:
    async with a_world(tmp_path, prices={"small": 1.0, "paused": 0.1, "currency": "USD"}) as world:
        await world.types("/ivy create lab:demo")
        slug = (await world.environment()).slug
        await world.pass_time(hours=2)
        await world.types(f"/ivy pause {slug}")
        await world.pass_time(hours=10)
        assert "USD 0.10 an hour while it is paused, for its disk" in await world.card()
        told = "\n".join(await world.types(f"/ivy cost {slug}"))
        assert "has cost USD 3.00" in told
        assert "It costs USD 0.10 an hour while it is paused, for its disk." in told
