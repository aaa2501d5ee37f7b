"""What `trellis doctor` says of engines: whose is which, what is of one no longer configured, and whether ways out have addresses."""

from __future__ import annotations

from bot.app.engines import wanted
from bot.app.markets import offer_of
from bot.doctor_said import Said, bad, good
from bot.domain.egress import ways_of
from bot.settings import Settings
from bot.settings.engines import LOCAL, engine_name, usual
from bot.store.store import Store
from provisioner.terraform.trading import Resolve, addresses_of


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


async def ways_out(settings: Settings, resolve: Resolve = addresses_of) -> Said:
    """Of hosts of trading environments: a host without an address would fail each environment that asks for it."""
    ways = ways_of(offer_of(settings), settings.feeds.nats_url, settings.public_url)
    lost = []
    for each in ways:
        try:
            found = await resolve(each.host, each.port)
        except OSError:
            found = ()
        if not any("." in address for address in found):
            lost.append(each.host)
    if lost:
        return bad("ways out", f"{', '.join(lost)}: no IPv4 address here, and hosts of trading environments are to reach it")
    return good("ways out", f"each of {len(ways)} hosts that trading environments may reach has an address")
