"""What git is let in with: the forge's own token of each project, never part of an address or an argument."""

from __future__ import annotations

import asyncio

from bot.chats.github_access import Access
from bot.chats.remote import RemoteFailure
from bot.settings import Settings
from provisioner.engine import EngineUnavailable
from provisioner.tokens import FixedTokens


class ForgeTokens:
    """The port `Tokens`: on GitHub those of `github`, asked for each time; elsewhere one for ever."""

    def __init__(self, settings: Settings, github: Access | None) -> None:
        over_https = {each.clone_url: each for each in settings.projects.values() if each.clone_url.startswith("https://")}
        token = settings.gitlab.token.get_secret_value() if settings.gitlab else ""
        self._fixed = FixedTokens({url: token for url, each in over_https.items() if each.forge == "gitlab" and token})
        self._paths = {url: each.path for url, each in over_https.items() if each.forge == "github"}
        self._github = github

    async def token(self, url: str) -> str | None:
        if self._github is None or url not in self._paths:
            return await self._fixed.token(url)
        try:
            return await asyncio.to_thread(self._github.token, self._paths[url])
        except RemoteFailure as failure:
            raise EngineUnavailable(f"GitHub gave no token for it: {failure}") from failure

    def is_renewable(self, url: str, token: str) -> bool:
        return self._github is not None and url in self._paths and self._github.is_renewable(self._paths[url], token)
