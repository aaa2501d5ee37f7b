"""Where secrets are kept, of the settings."""

from __future__ import annotations

from bot.settings import Settings, SettingsError
from bot.vault.locked import BadKey, LockedFiles, kept_key, key_of
from bot.vault.vault import Vault


def vault_of(settings: Settings) -> Vault:
    """Raises SettingsError."""
    said = settings.vault.key.get_secret_value()
    folder = settings.data_dir / "vault"
    try:
        return LockedFiles(folder, key_of(said) if said else kept_key(folder / "key"))
    except BadKey as problem:
        raise SettingsError(f"TRELLIS_VAULT__KEY: {problem}") from None
