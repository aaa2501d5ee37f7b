"""Slack's app as a manifest: exactly the scopes, events, commands and pages that are used. docs.slack.dev/reference/app-manifest."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import quote

from ruamel.yaml import YAML

from bot.chats.slack_wire import COMMANDS
from bot.rendering.views import CREATE

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "chat:write",
    "commands",
    "groups:history",
    "im:history",
    "im:write",
    "reactions:write",
    "users:read",
)
EVENTS = ("app_home_opened", "app_mention", "message.im")
_ABOUT = {"/ivy": ("Environments for branches", "create BRANCH"), "/sled": ("Help and who you are", "help")}


def manifest(name: str, url: str) -> dict[str, Any]:
    """`url` is where Slack sends things; "" is Socket Mode."""
    there = {"url": url} if url else {}
    request = {"request_url": url} if url else {}
    return {
        "display_information": {"name": name, "description": "Environments for branches, by chat"},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": name.lower(), "always_online": True},
            "shortcuts": [
                {"name": "Create an environment", "type": "global", "callback_id": CREATE, "description": "A branch of its own"},
            ],
            "slash_commands": [
                {"command": each, **there, "description": _ABOUT[each][0], "usage_hint": _ABOUT[each][1], "should_escape": True}
                for each in COMMANDS
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**request, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **request},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }


def as_yaml(made: dict[str, Any]) -> str:
    text, yaml = io.StringIO(), YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 120
    yaml.dump(made, text)
    return text.getvalue()


def link(made: dict[str, Any]) -> str:
    """A page of Slack with all of it filled in."""
    return f"https://api.slack.com/apps?new_app=1&manifest_json={quote(json.dumps(made, separators=(',', ':')), safe='')}"
