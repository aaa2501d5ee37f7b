"""What the doctor says of the cloud's account: when it was seen last, and what has no counterpart in it."""

from __future__ import annotations

from bot.settings import Settings
from bot.settings.engines import makes_machines
from bot.settings.swept import swept
from bot.store.store import Store
from provisioner.terraform.settings import TerraformSettings

_LONG_AGO_S = 2 * 3600.0


async def account(store: Store) -> tuple[bool | None, str]:
    """Whether it is well, None for so so; and the words."""
    async with store.look() as look:
        last, found, now = await look.strays.last_look(), await look.strays.all(), look.now
    if last is None:
        return None, "no worker has looked at it: `trellis sweep --dry-run` does, and says what is in the way"
    if last.problem:
        return False, f"cannot be looked at: {last.problem}"
    if now - last.at > _LONG_AGO_S:
        return False, "was last seen more than two hours ago: the workers' log says why (strays_not_looked_for)"
    if found:
        return None, f"{len(found)} things have no counterpart: `trellis sweep` lists them"
    return True, f"machines: {last.machines}, each with its environment"


def where(settings: Settings) -> str:
    """What the sweep looks at."""
    told = swept(settings)
    states = (
        f"s3://{told.bucket}/{told.prefix.rstrip('/')}/" if told.bucket else str(TerraformSettings(settings.data_dir).states.absolute())
    )
    return f"{told.region}, states in {states}"


def unseen(settings: Settings) -> str:
    """What nobody would notice by these settings, although machines are made; "" for nothing."""
    if not makes_machines(settings):
        return ""
    if not (told := swept(settings)).region:
        return "is not looked at, so what is left over or lost there is not noticed: take TRELLIS_SWEEP__REGION out"
    return "" if told.rows else "environments that have lost their machine are not missed: take TRELLIS_SWEEP__ROWS out"
