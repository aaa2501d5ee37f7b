"""`trellis vault`: what may be done with secrets, and whether production's are out of reach."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bot.app.vault import keeping_of
from bot.settings import Settings, SettingsError
from bot.vault.canary import Breached
from bot.vault.policy import policy_of
from bot.vault.vault import VaultUnavailable

_USAGE = "say trellis vault policy ACCOUNT REGION, or trellis vault try"


async def vault(settings: Settings, words: Sequence[str]) -> int:
    """0: done; 1: production's secrets can be read; 3: nobody could be asked. Raises SettingsError."""
    match list(words):
        case ["policy", account, region]:
            sys.stdout.write(f"{_policy(account, region)}\n")
            return 0
        case ["try"]:
            return await _try(settings)
        case _:
            raise SettingsError(_USAGE)


def _policy(account: str, region: str) -> str:
    try:
        return policy_of(account, region)
    except ValueError as problem:
        raise SettingsError(str(problem)) from None


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
