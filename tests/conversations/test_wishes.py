"""What a repository's file wishes for holds where nobody says otherwise, and only within what is allowed."""

from __future__ import annotations

from bot.domain.environment import Size
from tests.conversations.talk import Talk
from tests.fakes.forge import commit

FILE = """\
version: 1
ttl: {ttl}
size: {size}
tilt_args: --only web
services: {{web: {{run: tilt $TILT_ARGS}}, api: {{run: ./api}}}}
"""


def write(talk: Talk, sha: str, *, ttl: str = "8h", size: str = "large") -> None:
    talk.world.repositories.files[sha] = {".dev-env.yaml": FILE.format(ttl=ttl, size=size).encode()}


async def test_time_size_and_arguments_are_as_the_file_says(shop: Talk) -> None:
    write(shop, shop.on.sha)
    environment = await shop.makes()
    spec = shop.world.engine.running[environment.id]
    assert (environment.expires_at - environment.created_at, environment.size) == (8 * 3600, Size.LARGE)
    assert spec.limits.memory_mb == 4096
    assert dict(spec.services[0].env)["TILT_ARGS"] == "--only web"


async def test_what_is_said_goes_before_what_the_file_says(shop: Talk) -> None:
    write(shop, shop.on.sha)
    await shop.says("/ivy create --ttl 2h --size small -- --only api")
    environment = await shop.world.environment()
    spec = shop.world.engine.running[environment.id]
    assert (environment.expires_at - environment.created_at, environment.size) == (2 * 3600, Size.SMALL)
    assert dict(spec.services[0].env)["TILT_ARGS"] == "--only api"


async def test_a_push_brings_the_size_of_its_commit_and_leaves_the_time_alone(shop: Talk) -> None:
    write(shop, shop.on.sha)
    before = await shop.makes()
    sha = commit("two")
    write(shop, sha, ttl="1h", size="medium")
    await shop.pushes(sha)
    after = await shop.world.environment()
    assert (after.expires_at, after.size) == (before.expires_at, Size.MEDIUM)
    await shop.says("/ivy update --size small")
    sha = commit("three")
    write(shop, sha, size="large")
    await shop.pushes(sha)
    assert (await shop.world.environment()).size is Size.SMALL


async def test_no_file_gets_more_time_than_there_is(shop: Talk) -> None:
    write(shop, shop.on.sha, ttl="52w")
    environment = await shop.makes()
    assert environment.expires_at - environment.created_at == shop.world.settings.limits.cap_hours * 3600


async def test_a_file_that_is_mended_later_counts_from_then(shop: Talk) -> None:
    shop.world.repositories.files[shop.on.sha] = {".dev-env.yaml": b"version: 1\nttl: 8\nservices: {web: {run: x}}\n"}
    [_, told] = await shop.says("/ivy create")
    assert ".dev-env.yaml:2:6: this is a duration as 45m, 8h, 2d or 1d12h. Try: 8h" in told
    await shop.after(hours=3)
    sha = commit("two")
    write(shop, sha, ttl="2h")
    await shop.pushes(sha)
    environment = await shop.world.environment()
    assert environment.expires_at - environment.created_at == 5 * 3600
