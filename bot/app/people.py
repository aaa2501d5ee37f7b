"""Who may what, wired: the rules' text and the roles that are configured."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from bot.auth.people import Group, People
from bot.auth.policies import Policies, default_text
from bot.auth.policy import Role
from bot.auth.text import PolicyError, Text
from bot.chats.chat import Chat
from bot.chats.slack import SlackChat
from bot.context_ports import Members
from bot.domain.message import Platform
from bot.handlers.actions import known_actions
from bot.settings import Settings, SettingsError


def policies_of(settings: Settings) -> Policies:
    """The rules in force. Raises SettingsError with file and line where they cannot be used."""
    first = _text(settings.policy_file) if settings.policy_file else default_text()
    texts = (first, *((_text(settings.policy_more),) if settings.policy_more else ()))
    try:
        return _rules_in(texts)
    except PolicyError as error:
        raise SettingsError(f"the rules of who may what cannot be used: {error}") from None


@lru_cache(maxsize=4)
def _rules_in(texts: tuple[Text, ...]) -> Policies:
    """The same text gives the same rules; checking them takes longer than whatever else a start does."""
    return Policies(texts, known_actions())


def _text(path: Path) -> Text:
    try:
        return Text(str(path), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None


def members_of(chats: Mapping[Platform, Chat]) -> dict[Platform, Members]:
    """Where there are guests and other workspaces, whom to ask who is one of ours."""
    return {platform: chat.members for platform, chat in chats.items() if isinstance(chat, SlackChat)}


def people_of(settings: Settings) -> People:
    slack = settings.slack.roles if settings.slack else {}
    return People(
        roles={
            **{f"slack:{id_}": Role(role) for id_, role in slack.items()},
            **{each: Role(role) for each, role in settings.people.items()},
        },
        groups={name: Group(each.identities, Role(each.role)) for name, each in settings.groups.items()},
        project_roles={key: {each: Role(role) for each, role in project.people.items()} for key, project in settings.projects.items()},
        project_groups={key: {each: Role(role) for each, role in project.groups.items()} for key, project in settings.projects.items()},
    )
