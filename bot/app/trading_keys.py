"""Keys of trading environments, read from where secrets are kept by the web part, which shows each once."""

from __future__ import annotations

from bot.app.vault import Keeping, keeping_of
from bot.settings import Settings, SettingsError
from bot.vault import paths
from bot.vault.canary import Breached
from bot.vault.vault import NoSecret, PathRefused, VaultUnavailable
from bot.web.pages.trading_key import NotReadable


class VaultKeys:
    """Fills `KeyReading`. Nothing is opened before the first key is wanted, and none is given where the wall does not hold."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keeping: Keeping | None = None

    async def read(self, environment: str, number: int) -> str:
        try:
            self._keeping = self._keeping or keeping_of(self._settings)
            await self._keeping.canary.look()
            return await self._keeping.vault.read(paths.key(environment, number))
        except NoSecret:
            raise NotReadable("there is none") from None
        except (Breached, PathRefused, SettingsError, VaultUnavailable) as problem:
            raise NotReadable(str(problem)) from problem
