"""The image that machines are made of, and its baking, as they are configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from bot.app.machines import programs_of
from bot.domain.bake import nightly
from bot.domain.schedule import BadSchedule
from bot.settings import Settings, SettingsError
from bot.settings.engines import makes_machines
from bot.store.store import Store
from bot.worker.alarms import Alarms
from bot.worker.baking import Baking, Recipe
from bot.worker.leasing import Holder
from provisioner import ec2
from provisioner.images import Bakery
from provisioner.setup.bakery import Ec2Bakery, Oven
from provisioner.setup.ssm import SsmShell


def bakery_of(settings: Settings) -> Bakery | None:
    """None where nothing is baked."""
    if not is_baked(settings):
        return None
    told, variables = settings.image, settings.terraform.variables
    subnet = told.subnet_id or str(variables["subnet_id"])
    oven = Oven(
        told.name, told.base_image_id, told.instance_type, subnet, told.security_group_id, told.instance_profile, programs_of(settings)
    )
    client = partial(ec2.client, region=str(variables["region"]))
    return Ec2Bakery(partial(client, "ec2"), SsmShell(partial(client, "ssm")), oven)


def is_baked(settings: Settings) -> bool:
    return makes_machines(settings) and settings.image.is_baked


def baking_of(settings: Settings, holder: Holder, bakery: Bakery | None) -> Baking | None:
    """None where nothing is baked. Raises SettingsError."""
    if bakery is None:
        return None
    told, variables = settings.image, settings.terraform.variables
    try:
        at = nightly(told.at, settings.time_zone) if told.at else ""
    except BadSchedule as error:
        raise SettingsError(f"TRELLIS_IMAGE__AT: {error}") from None
    alarms = Alarms(holder.store, str(variables.get("region", "")), told.channel or settings.vault.alarm_channel)
    recipe = Recipe(at, told.kept, told.within_minutes * 60, images_named(settings), alarms.image)
    return Baking(holder, bakery, recipe)


def images_named(settings: Settings) -> frozenset[str]:
    """Those that stay whatever is baked: the settings name them, for all or for a project."""
    named = [
        settings.terraform.variables.get("image_id"),
        *(each.terraform.variables.get("image_id") for each in settings.projects.values()),
    ]
    return frozenset(str(each) for each in named if each)


def image_now(settings: Settings, store: Store) -> Callable[[], Awaitable[str]] | None:
    """Asks for the newest good image; "" while there is none. None where nothing is baked."""

    async def ask() -> str:
        async with store.look() as look:
            found = await look.bakes.current()
        return found.image if found else ""

    return ask if is_baked(settings) else None
