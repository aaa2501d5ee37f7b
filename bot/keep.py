"""`trellis keep`: this host's keeper as a process."""

from __future__ import annotations

from pathlib import Path

from bot.app.edges import git_tokens_by_url
from bot.settings import Settings, SettingsError
from provisioner import keeper
from provisioner.settings import KeeperCannotStart, KeeperSettings

_SECRET_FILES = ("trellis.toml", ".env")


def keeper_settings(settings: Settings) -> KeeperSettings:
    return KeeperSettings(
        data=settings.data_dir.absolute(),
        proxy_port=settings.proxy_port,
        proxy_host=settings.proxy_host,
        domain=settings.domain,
        socket=settings.keeper_socket,
        sandbox=settings.sandbox,
        tokens=git_tokens_by_url(settings),
        hidden=tuple(path.absolute() for name in _SECRET_FILES if (path := Path(name)).exists()),
    )


async def keep(settings: Settings) -> int:
    """Keep until cancelled; then every service of this host is stopped."""
    try:
        await keeper.serve(keeper_settings(settings))
    except KeeperCannotStart as error:
        raise SettingsError(str(error)) from error
    return 0
