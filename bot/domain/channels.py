"""What may be said in which channel of a chat, as the operator configured it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.message import Platform, Said

DIRECT, OTHERS = "dm", "*"
_ALWAYS = "learn"  # whoever asks for help gets it anywhere


@dataclass(frozen=True)
class Channel:
    """`allow` holds groups of commands (look, change …), commands (ivy create) and verbs (create)."""

    allow: frozenset[str]
    name: str = ""


@dataclass(frozen=True)
class Channels:
    """By channel id; `dm` is every direct message, `*` every channel that is not named. What is not there is free."""

    by_id: Mapping[str, Channel] = field(default_factory=dict)

    def may(self, said: Said, words: str, group: str) -> bool:
        if said.person.platform is not Platform.SLACK:
            return True
        channel = said.thread.address.split(":")[2]
        is_direct = channel.startswith(("D", "@"))
        found = self.by_id.get(channel) or self.by_id.get(DIRECT if is_direct else OTHERS)
        return found is None or _allows(found, words, group)

    def where(self, words: str, group: str) -> tuple[str, ...]:
        """The places where it may be said, in words."""
        by_name = ((id_, each) for id_, each in self.by_id.items() if id_ not in (DIRECT, OTHERS))
        named = tuple(f"#{each.name or id_}" for id_, each in by_name if _allows(each, words, group))
        direct, others = self.by_id.get(DIRECT), self.by_id.get(OTHERS)
        free = (("any other channel",) if others is None or _allows(others, words, group) else ()) + (
            ("a direct message to me",) if direct is None or _allows(direct, words, group) else ()
        )
        return named + free


def _allows(channel: Channel, words: str, group: str) -> bool:
    return bool(channel.allow & {group, words, words.partition(" ")[2]}) or group == _ALWAYS
