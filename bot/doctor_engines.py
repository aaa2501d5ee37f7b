"""What `trellis doctor` says of engines: whose is which, and which environments are of one that is no longer configured."""

from __future__ import annotations

from bot.app.engines import wanted
from bot.doctor_said import Said, bad, good
from bot.settings import Settings
from bot.settings.engines import LOCAL, engine_name, usual
from bot.store.store import Store


async def engines(settings: Settings, store: Store) -> Said:
    there = {LOCAL, *wanted(settings)}
    async with store.look() as look:
        lost = [each for each in await look.environments.live() if each.engine and each.engine not in there]
    if lost:
        names = ", ".join(f"{each.slug} ({each.engine})" for each in lost[:5])
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        return bad("engines", f"{names}{more}: made by what is not configured any more. Configure it again, if only to take them down")
    own = [f"{key}: {name}" for key in settings.projects if (name := engine_name(settings, key)) != usual(settings)]
    return good("engines", usual(settings) + (f", but for {', '.join(own)}" if own else ""))
