"""`trellis connect slack`: the app's manifest, and a link that fills it in."""

from __future__ import annotations

import sys

from bot.chats.slack_manifest import as_yaml, link, manifest
from bot.settings import Settings, SettingsError

_OF_BOTH = """\
2. *Install to Workspace*. Then set, as variables or in trellis.toml:
   TRELLIS_SLACK__BOT_TOKEN=xoxb-…        OAuth & Permissions, Bot User OAuth Token
"""
_PUBLIC = """\
   TRELLIS_SLACK__SIGNING_SECRET=…        Basic Information, Signing Secret
"""
_SOCKET = """\
   TRELLIS_SLACK__APP_TOKEN=xapp-…        Basic Information, App-Level Tokens: make one with the scope connections:write
"""
_ROLES = """\
   TRELLIS_SLACK__USERS='{"U012ABCDEF": "developer"}'   who may what: viewer, developer or admin
3. Start Trellis and look: trellis doctor
"""


def slack(settings: Settings, name: str, *, is_socket: bool) -> int:
    """Print it. Without a public address, or where it is asked for, with Socket Mode."""
    if not 1 <= len(name) <= 35:
        raise SettingsError("an app's name in Slack has 35 letters at most")
    url = "" if is_socket or not settings.public_url else f"{settings.public_url.rstrip('/')}/hooks/slack"
    made = manifest(name, url)
    how = f"Slack will send to {url}." if url else "With Socket Mode: no public address is needed."
    sys.stdout.write(f"{as_yaml(made)}\n{how}\n")
    sys.stdout.write("1. Make the app from this manifest (api.slack.com/apps, *From a manifest*), or open this link, which fills it in:\n")
    sys.stdout.write(f"   {link(made)}\n")
    sys.stdout.write(_OF_BOTH + (_PUBLIC if url else _SOCKET) + _ROLES)
    return 0
