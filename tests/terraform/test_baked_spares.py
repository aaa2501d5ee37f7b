"""A conversation over two nights: an image is baked, a spare is made of it, the next image replaces both, and who asks gets a machine of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.domain.environment import State
from tests.conversations.test_spares import rows
from tests.terraform.aws import Aws
from tests.terraform.test_images import BASE, Stand
from tests.terraform.test_on_aws import on_aws
from tests.world import World

NIGHT_S = 24 * 3600.0


async def image(world: World) -> str:
    async with world.store.look() as look:
        found = await look.bakes.current()
    return found.image if found else ""


async def test_from_a_bake_to_a_spare_that_is_replaced_and_claimed(
    aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    stand = Stand(aws, tmp_path / "builder")
    told = {"base_image_id": BASE, "security_group_id": "sg-0123456789abcdef0", "instance_profile": "builder"}
    more: dict[str, Any] = {"bakery": stand.bakery(), "image": told, "spares": {"projects": {"lab": {"small": "1"}}}}

    def machines() -> list[tuple[str, str]]:
        return [(each["InstanceId"], each["ImageId"]) for each in aws.instances() if each["ImageId"] != BASE]

    async with on_aws(aws, tmp_path, record_property, **more) as (world, _):
        await world.stock()
        assert machines() == [], "there is no image yet that one could be made of"
        world.clock.advance(seconds=3600)
        await world.bake()
        first = await image(world)
        await world.stock()
        [(old, of)] = machines()
        assert of == first

        world.clock.advance(seconds=NIGHT_S)
        await world.bake()
        second = await image(world)
        assert second != first
        for _ in range(2):
            await world.stock()
        [(new, of)] = machines()
        assert (of, new != old) == (second, True)
        [(why, before), (_, spare)] = [(each.why, each.image) for each in await rows(world) if each.image and each.why != "failed"][-2:]
        assert (why, before != spare) == ("image", True)

        [said] = await world.types("/ivy create lab:demo")
        environment = await world.environment()
        assert (environment.state, said.startswith(f"\u2713 dana: {environment.slug} is ready")) == (State.READY, True)
        assert "from a machine that was ready" in "\n".join(await world.types(f"/ivy why {environment.slug}"))
        assert machines() == [(new, second)], "the spare is the environment now"
        await world.types(f"/ivy terminate {environment.slug}")
        assert machines() == []
