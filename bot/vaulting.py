"""`trellis vault`: what may be done with secrets, and whether production's are out of reach."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from bot.app.markets import offer_of
from bot.app.vault import keeping_of
from bot.domain.egress import Found, nftables, terraform, ways_of
from bot.settings import Settings, SettingsError
from bot.vault.canary import Breached
from bot.vault.policy import policy_of
from bot.vault.vault import VaultUnavailable
from provisioner.terraform.trading import addresses_of

_USAGE = "say trellis vault policy ACCOUNT REGION, trellis vault egress nftables USER, trellis vault egress terraform, or trellis vault try"


async def vault(settings: Settings, words: Sequence[str]) -> int:
    """0: done; 1: production's secrets can be read; 3: nobody could be asked. Raises SettingsError."""
    match list(words):
        case ["policy", account, region]:
            sys.stdout.write(f"{_policy(account, region)}\n")
            return 0
        case ["egress", "nftables", user]:
            return await _egress(settings, lambda found: nftables(found, user))
        case ["egress", "terraform"]:
            return await _egress(settings, terraform)
        case ["try"]:
            return await _try(settings)
        case _:
            raise SettingsError(_USAGE)


def _policy(account: str, region: str) -> str:
    try:
        return policy_of(account, region)
    except ValueError as problem:
        raise SettingsError(str(problem)) from None


async def _egress(settings: Settings, draw: Callable[[Sequence[Found]], str]) -> int:
    """3 where a host's addresses cannot be found: rules without it would be a wall before what is allowed."""
    try:
        ways = ways_of(offer_of(settings), settings.feeds.nats_url, settings.public_url)
        found = [Found(each, await addresses_of(each.host, each.port)) for each in ways]
        sys.stdout.write(f"{draw(found).rstrip()}\n")
    except ValueError as problem:
        raise SettingsError(str(problem)) from None
    except OSError as problem:
        sys.stdout.write(f"It could not be rendered: {problem}\n")
        return 3
    return 0


async def _try(settings: Settings) -> int:
    try:
        await keeping_of(settings).canary.look()
    except Breached as breach:
        sys.stdout.write(f"{breach}\n")
        return 1
    except VaultUnavailable as problem:
        sys.stdout.write(f"It could not be tried: {problem}\n")
        return 3
    sys.stdout.write(f"Refused, as it should be: {', '.join(settings.vault.production)}\n")
    return 0
