"""`trellis keep`: this host's keeper as a process."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from bot.app.github import access_of
from bot.app.tokens import ForgeTokens
from bot.settings import Settings, SettingsError
from deploy.host import HostSettings, hosting
from provisioner import keeper
from provisioner.settings import KeeperCannotStart, KeeperSettings

_SECRET_FILES = ("trellis.toml", ".env")


def keeper_settings(settings: Settings) -> KeeperSettings:
    return KeeperSettings(
        data=settings.data_dir.absolute(),
        proxy_port=settings.proxy_port,
        proxy_host=settings.proxy_host,
        domain=settings.domain,
        before=_before(settings),
        socket=settings.keeper_socket,
        sandbox=settings.sandbox,
        tokens=ForgeTokens(settings, access_of(settings)),
        hidden=_hidden(settings),
    )


def _before(settings: Settings) -> str:
    """With a Traefik before all environments those of this machine are reached through it, as those on others are."""
    if settings.traefik is None:
        return ""
    port = f":{settings.traefik.port}" if settings.traefik.port else ""
    return f"{settings.traefik.scheme}://{{}}.{settings.domain}{port}"


def host_settings(settings: Settings) -> HostSettings:
    """A deploy.py, and what it releases on this host, see of this machine what services of environments see."""
    kept = keeper_settings(settings)
    seen = (kept.hidden_from_services(), kept.visible_to_services())
    return HostSettings(settings.deploys_dir, settings.sandbox != "off", *seen, kept_s=settings.deploy.keep_days * 86_400)


def _hidden(settings: Settings) -> tuple[Path, ...]:
    """Files that hold secrets, wherever they are."""
    key = settings.github.private_key_file if settings.github else None
    named = os.environ.get("TRELLIS_CONFIG")
    files = (*map(Path, _SECRET_FILES), *((Path(named),) if named else ()), *((key,) if key else ()))
    return tuple(path.absolute() for path in files if path.exists())


async def keep(settings: Settings) -> int:
    """Keep until cancelled; then every service and every run of this host is stopped."""
    try:
        await keeper.serve(keeper_settings(settings), partial(hosting, host_settings(settings)))
    except KeeperCannotStart as error:
        raise SettingsError(str(error)) from error
    return 0
