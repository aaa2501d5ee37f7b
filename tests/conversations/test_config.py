"""`/ivy config`, and `/ivy create` with `--dry-run`, `--profile` and `--service`."""

from __future__ import annotations

from pathlib import Path

from tests.conversations.talk import Talk, words
from tests.world import a_world

FILE = b"""\
version: 1
ttl: 8h
services:
  web: {run: python3 app.py, health: /up, env: {DEBUG: "1"}}
  api: {run: ./api, port: 8000, build: make}
profiles:
  fast: {services: [api], size: medium, ttl: 2h}
"""


def write(talk: Talk, content: bytes = FILE) -> None:
    talk.world.repositories.files[talk.on.sha] = {".dev-env.yaml": content}


async def test_config_shows_each_value_and_where_it_is_from(shop: Talk) -> None:
    write(shop)
    assert await shop.answer("/ivy config") == words(
        """
        `demo` at `782938f1` is made of this:

        | what | value | from |
        | --- | --- | --- |
        | web | `python3 app.py` · healthy when `/up` answers · variables `DEBUG` | .dev-env.yaml:4 |
        | api | `./api` · port 8000 · healthy when `/` answers · built by `make` | .dev-env.yaml:5 |
        | profile | none; there is fast | default |
        | size | small | default |
        | lives | 8 h | .dev-env.yaml:2 |
        | price | none is configured | setting prices.small |
        | ready after | not known yet | too few runs here |
        """
    )
    assert await shop.world.environments() == []


async def test_config_of_an_environment_shows_what_was_asked_for(shop: Talk) -> None:
    write(shop)
    await shop.says("/ivy create --profile fast --size large")
    environment = await shop.world.environment()
    [told] = await shop.says(f"/ivy config {environment.slug}")
    assert "| profile | fast | asked for |" in told
    assert "| size | large | asked for |" in told
    assert "| lives | 2 h |" in told
    assert "web" not in told


async def test_price_and_expected_time_are_told(tmp_path: Path) -> None:
    async with a_world(tmp_path, prices={"small": 0.02, "medium": 0.04}) as world:
        dana = world.github.user("dana", id=7, right="write")
        for number in (20, 21, 22):
            other = Talk(world, dana, world.github.pull_request("acme/shop", number=number, branch=f"past-{number}"))
            await other.says("/ivy create")
        shop = Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana))
        write(shop)
        [told] = await shop.says("/ivy create --profile fast --dry-run")
        assert told == words(
            """
            Nothing was made. It would be **demo-vn4gah**: `demo` at `782938f1`

            | what | value | from |
            | --- | --- | --- |
            | api | `./api` · port 8000 · healthy when `/` answers · built by `make` | .dev-env.yaml:5 |
            | profile | fast | asked for |
            | size | medium | .dev-env.yaml:7 |
            | lives | 2 h | .dev-env.yaml:7 |
            | price | €0.04 per hour | setting prices.medium |
            | ready after | less than a minute | the last 3 runs here |

            There is room for 47 environments more. Its whole time would cost €0.08.
            """
        )
        assert len(await world.environments()) == 3


async def test_a_dry_run_of_what_is_there_says_what_differs(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy create --dry-run") == words(
        """
        Nothing was made: **demo-vn4gah** is there already, as it would be.

        <sub>reason: `exists`</sub>
        """
    )
    assert "differs in: the size (small, not large)." in await shop.answer("/ivy create --dry-run --size large")


async def test_only_the_services_that_were_asked_for_run(shop: Talk) -> None:
    write(shop)
    await shop.says("/ivy create --service api")
    environment = await shop.world.environment()
    assert [service.name for service in shop.world.engine.running[environment.id].services] == ["api"]
    assert "**services** `api`" in shop.card


async def test_a_profile_makes_what_it_says(shop: Talk) -> None:
    write(shop)
    await shop.says("/ivy create --profile fast")
    environment = await shop.world.environment()
    spec = shop.world.engine.running[environment.id]
    assert ([service.name for service in spec.services], spec.limits.memory_mb) == (["api"], 2048)
    assert environment.expires_at - environment.created_at == 2 * 3600


async def test_an_unknown_profile_or_service_is_answered_with_the_nearest(shop: Talk) -> None:
    write(shop)
    assert await shop.answer("/ivy create --profile fats") == words(
        """
        ❌ @dana There is no profile `fats` in `.dev-env.yaml`; there is fast.

        Try: `/ivy create --profile fast`

        <sub>reason: `unknown_profile`</sub>
        """
    )
    assert await shop.answer("/ivy create --service wep,api --dry-run") == words(
        """
        ❌ @dana There is no service `wep` in `.dev-env.yaml`; there is web, api.

        Try: `/ivy create --service web`

        <sub>reason: `unknown_service`</sub>
        """
    )
    assert await shop.world.environments() == []


async def test_a_profile_that_a_push_takes_away_fails_with_the_reason(shop: Talk) -> None:
    write(shop)
    await shop.says("/ivy create --profile fast")
    [told] = await shop.pushes("c" * 40)
    assert 'there is no profile "fast" in this file; the file has none' in told


async def test_mistakes_of_the_file_are_told_with_their_places(shop: Talk) -> None:
    write(shop, b"version: 1\nservices: {web: {rum: x}}\nlifetime: 2h\n")
    for line in ("/ivy config", "/ivy create --dry-run"):
        assert await shop.answer(line) == words(
            """
            ❌ @dana `.dev-env.yaml` cannot be used: 3 things to mend. Push that, and say it again.

            ```
            .dev-env.yaml:3:1: there is no key "lifetime" here. Try: ttl
            .dev-env.yaml:2:18: there is no key "rum" here. Try: run
            .dev-env.yaml:2:12: "web" does not say what to run. Try: run: python3 app.py
            ```

            <sub>reason: `bad_config`</sub>
            """
        )
    assert await shop.world.environments() == []


async def test_where_there_is_nothing_config_says_what_to_say(shop: Talk) -> None:
    [told] = await shop.world.types("/ivy config")
    assert told.splitlines()[0] == "✗ dana: Of what? Say it in a merge request, or name an environment: /ivy config ENV"


async def test_config_in_a_merge_request(tools: Talk) -> None:
    write(tools)
    assert "| lives | 8 h |" in await tools.answer("/ivy config")


async def test_what_is_restored_has_its_profile_and_services_again(shop: Talk) -> None:
    write(shop)
    await shop.says("/ivy create --profile fast --service web")
    await shop.says("/ivy terminate")
    await shop.says("/ivy restore demo-vn4gah")
    environment = await shop.world.environment()
    assert (environment.profile, environment.services) == ("fast", ("web",))
    assert [service.name for service in shop.world.engine.running[environment.id].services] == ["web"]


async def test_a_dry_run_of_what_would_be_kept_tells_its_life_and_asks_the_quota(tmp_path: Path, database_url: str) -> None:
    async with a_world(tmp_path, database_url=database_url, limits={"kept": 1}, prices={"small": 0.25}) as world:
        [told] = await world.types("/ivy create lab:demo --keep --dry-run")
        assert "336 h" in told
        assert "Its whole time would cost €84.00." in told
        await world.types("/ivy create lab:main --keep")
        [refused] = await world.types("/ivy create lab:demo --keep --dry-run")
        assert refused.endswith("reason: over_quota")
