"""Where secrets are kept, of the settings, and who tries every hour whether production's are out of reach."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import structlog

from bot.settings import Settings, SettingsError
from bot.vault.canary import Breached, Canary
from bot.vault.guarded import Guarded, Pace
from bot.vault.locked import BadKey, LockedFiles, kept_key, key_of
from bot.vault.paths import is_environments
from bot.vault.vault import VaultUnavailable

if TYPE_CHECKING:
    from bot.vault.aws import SecretsManager

log = structlog.get_logger()


@dataclass(frozen=True)
class Keeping:
    vault: Guarded
    canary: Canary


def keeping_of(settings: Settings) -> Keeping:
    """Raises SettingsError."""
    said = settings.vault
    if wrong := next(filter(is_environments, said.production), ""):
        raise SettingsError(f"TRELLIS_VAULT__PRODUCTION: {wrong} is an environment's, and is not to be refused")
    kept = _aws(settings) if said.kind == "aws" else _files(settings)
    guarded = Guarded(kept, Pace(said.per_minute, said.alarm_per_hour, said.remembered_s))
    return Keeping(guarded, Canary(kept, guarded, said.production))


async def must_hold(keeping: Keeping) -> None:
    """Nothing starts where production's secrets can be read. Who keeps them not answering is no such case: nothing can be read then."""
    try:
        await keeping.canary.look()
    except Breached as breach:
        raise SettingsError(str(breach)) from None
    except VaultUnavailable as problem:
        log.warning("wall_not_tried", reason=str(problem))


def _files(settings: Settings) -> LockedFiles:
    said, folder = settings.vault.key.get_secret_value(), settings.data_dir / "vault"
    try:
        return LockedFiles(folder, key_of(said) if said else kept_key(folder / "key"))
    except BadKey as problem:
        raise SettingsError(f"TRELLIS_VAULT__KEY: {problem}") from None


def _aws(settings: Settings) -> SecretsManager:
    if find_spec("boto3") is None:
        raise SettingsError("TRELLIS_VAULT__KIND=aws needs boto3, which is not installed: make extra NAME=s3")
    import boto3  # noqa: PLC0415 - heavy, and not installed everywhere
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from bot.vault.aws import SecretsManager  # noqa: PLC0415

    said = settings.vault
    try:
        return SecretsManager(boto3.client("secretsmanager", region_name=said.region or None, endpoint_url=said.endpoint_url or None))
    except (BotoCoreError, ValueError) as problem:
        raise SettingsError(f"TRELLIS_VAULT: AWS cannot be asked: {problem}") from None
