"""What may be said in which channel, from the settings."""

from __future__ import annotations

from bot.auth.policy import Action
from bot.domain.channels import Channel, Channels
from bot.handlers.actions import ACTIONS
from bot.settings import Settings, SettingsError


def channels_of(settings: Settings) -> Channels:
    """Raises SettingsError for a word that is neither a command nor a group of commands."""
    known = {*Action, *ACTIONS, *(words.partition(" ")[2] for words in ACTIONS)}
    found = {id_: Channel(frozenset(each.words), each.name) for id_, each in (settings.slack.channels if settings.slack else {}).items()}
    for id_, channel in found.items():
        if wrong := sorted(channel.allow - known):
            groups = ", ".join(sorted(Action))
            raise SettingsError(f"slack.channels.{id_}: {wrong[0]!r} is neither a command nor one of {groups}")
    return Channels(found)
