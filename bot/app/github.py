"""How GitHub is spoken to, from the settings: one way for chat, forge, news, records and git."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.chats.github_access import Access, TokenAccess
from bot.chats.github_app import AppAccess, BadKey
from bot.redaction import KNOWN
from bot.settings import GitHubSettings, Settings, SettingsError


def access_of(settings: Settings, clock: Callable[[], float] = time.monotonic) -> Access | None:
    """None where GitHub is not configured. Raises SettingsError for a key that is none."""
    github = settings.github
    if github is None:
        return None
    if not github.app_id:
        return TokenAccess(github.api_url, github.token.get_secret_value())
    number = int(github.installation_id) if github.installation_id else None
    key = _key(github)
    KNOWN.learn([key])
    try:
        return AppAccess(github.api_url, github.app_id, key, number, clock=clock)
    except BadKey as error:
        raise SettingsError(f"{_name(github)}: {error}") from None


def _name(github: GitHubSettings) -> str:
    return "TRELLIS_GITHUB__PRIVATE_KEY" + ("_FILE" if github.private_key_file else "")


def _key(github: GitHubSettings) -> str:
    """The key as text; in a variable of one line its ends of lines may be written as backslash and n."""
    if github.private_key_file is None:
        return github.private_key.get_secret_value().replace("\\n", "\n")
    try:
        return github.private_key_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{_name(github)}: {github.private_key_file} cannot be read: {error}") from None
