"""Quotas: of a person with all their accounts, of a project, in all. The refusal names which, and what of one's own could go."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from bot.app.people import people_of, policies_of
from bot.asking import identity
from bot.auth.policy import Role, Standing
from bot.context import Limits, Scene
from bot.domain.environment import Environment, slug_of
from bot.domain.errors import UserError
from bot.domain.ids import new_id
from bot.domain.message import Dialect, Person, Platform, Said, Thread
from bot.domain.project import ForgeKind, Project
from bot.handlers import keep as keep_handler
from bot.handlers.quota import must_have_room
from bot.settings import Settings
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store
from bot.store.tables import environments
from grammar.commands import Keep
from tests.conversations.talk import words
from tests.world import a_world

pytestmark = pytest.mark.long

DANA = Person(Platform.GITHUB, "7", "dana")
SLACK_DANA = Person(Platform.SLACK, "U0DANA", "dana")
GINA = Person(Platform.GITLAB, "70", "gina")
THREAD = Thread(Platform.CONSOLE, "console:dana")
SHOP = Project("shop", ForgeKind.GITHUB, "42", "acme/shop", "")
LAB = Project("lab", ForgeKind.LOCAL, "", "", "")


async def test_a_persons_quota_names_itself_and_what_could_go(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits={"per_person": 2}) as world:
        await world.types("create lab:demo --ttl 2h")
        await world.types("create lab:main --ttl 1h")
        slugs = {each.branch: each.slug for each in await world.environments()}
        [refused] = await world.types("create lab:demo --name second")
        refused = " ".join(refused.split())
        assert refused.startswith(
            "✗ dana: You have 2 environments, which is all that the quota per_person allows. Take one of yours down: "
        )
        assert refused.index(f"/ivy terminate {slugs['main']}") < refused.index(f"/ivy terminate {slugs['demo']}")
        assert refused.endswith("reason: over_quota")
        assert len(await world.types("create lab:demo --name theirs", by="gina")) == 1
        assert len(await world.environments()) == 3
        await world.types(f"terminate {slugs['main']}")
        await world.types("create lab:demo --name second")
        assert len(await world.environments()) == 3


async def test_all_accounts_of_somebody_count_together(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits={"per_person": 1}) as world:
        async with world.store.transaction() as transaction:
            await transaction.people.join(Person(Platform.CONSOLE, "dana", "dana"), Person(Platform.CONSOLE, "dora", "dora"))
        await world.types("create lab:demo")
        [refused] = await world.types("create lab:main", by="dora")
        assert "You have 1 environment, which is all that the quota per_person allows." in refused
        await world.types("create lab:main", by="gina")
        assert len(await world.environments()) == 2


async def test_a_projects_quota_and_that_of_all(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits={"per_project": 1, "environments": 2}) as world:
        await world.types("create lab:demo")
        assert await world.types("create lab:main", by="gina") == [
            words(
                """
                ✗ gina: lab has 1 environment, which is all that the quota per_project allows. None of them is
                  yours. List them: /ivy list --all
                  reason: over_quota
                """
            )
        ]
        async with world.store.transaction() as transaction:
            await transaction.connection.execute(update(environments).values(project="shop"))
        await world.types("create lab:main", by="gina")
        async with world.store.transaction() as transaction:
            await transaction.connection.execute(update(environments).values(project="shop"))
        [refused] = await world.types("create lab:demo --name third", by="gina")
        assert "There are 2 environments, which is all that the quota environments allows." in refused


# -- many at once --------------------------------------------------------------------------------------


def scene_of(person: Person, settings: Settings) -> Scene:
    from zoneinfo import ZoneInfo

    said = Said("k", person, THREAD, "/ivy create", "", Dialect.LINE)
    limits = Limits(3600, 3600, 7200, environments=12, per_person=5, per_project=8)
    return Scene(said, "/ivy create", Standing(Role.ADMIN), {}, limits, ZoneInfo("UTC"), policies_of(settings))


def environment_of(person: Person, project: Project, number: int) -> Environment:
    ref = f"refs/heads/b{number}"
    return Environment(
        id=new_id(),
        slug=slug_of(project.key, project.id, ref, ""),
        project=project.key,
        source_id=project.id,
        ref=ref,
        name="",
        owner=person,
        thread=THREAD,
        created_at=0,
        expires_at=9e9,
        sha="a" * 40,
    )


@pytest.mark.parametrize("count", [150])
async def test_many_at_once_never_pass_a_quota(tmp_path: Path, database_url: str, count: int) -> None:
    """Three people, one with two accounts, two projects, all at once and over several connections: no quota is passed, and each is full."""
    settings = Settings(database_url=database_url, data_dir=tmp_path)
    store, other = Store(Database(settings.sql_url)), Store(Database(settings.sql_url))
    await migrate(store.database)
    async with store.transaction() as transaction:
        await transaction.people.join(DANA, SLACK_DANA)
    scenes = {identity(person): scene_of(person, settings) for person in (DANA, SLACK_DANA, GINA, msgspec.structs.replace(GINA, id="71"))}
    assert people_of(settings).roles == {}

    async def create(number: int) -> bool:
        person = scenes[sorted(scenes)[number % len(scenes)]]
        project = (SHOP, LAB)[number // 4 % 2]
        async with (store, other)[number // 8 % 2].transaction() as transaction:
            try:
                await must_have_room(person, project, transaction)
            except UserError as error:
                return error.code != "over_quota"
            return await transaction.add(environment_of(person.person, project, number))

    try:
        made = await asyncio.gather(*(create(number) for number in range(count)))
        async with store.look() as look:
            live = await look.environments.live()
        by_person: dict[str, int] = {}
        for each in live:
            whose = "dana" if each.owner in {DANA, SLACK_DANA} else identity(each.owner)
            by_person[whose] = by_person.get(whose, 0) + 1
        assert len(live) == sum(made) == 12
        assert max(by_person.values()) <= 5
        assert all(sum(each.project == key for each in live) <= 8 for key in ("shop", "lab"))
    finally:
        await store.database.close()
        await other.database.close()


async def test_two_kept_at_once_never_pass_the_quota(tmp_path: Path, database_url: str) -> None:
    settings = Settings(database_url=database_url, data_dir=tmp_path)
    store = Store(Database(settings.sql_url))
    await migrate(store.database)
    environments = [environment_of(DANA, SHOP, number) for number in range(2)]
    async with store.transaction() as transaction:
        for each in environments:
            assert await transaction.add(each)
    scene = scene_of(DANA, settings)
    scene = replace(scene, limits=replace(scene.limits, kept=1))
    has_locked = asyncio.Barrier(2)

    async def keep(environment: Environment) -> str:
        try:
            async with store.transaction() as transaction:
                if not store.database.is_sqlite:  # which lets one write at a time
                    await has_locked.wait()
                await keep_handler.decide(Keep(), replace(scene, environment=environment), None, transaction)
        except UserError as error:
            return error.code
        return "kept"

    try:
        assert sorted(await asyncio.gather(*map(keep, environments))) == ["kept", "over_quota"]
    finally:
        await store.database.close()
