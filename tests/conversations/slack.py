"""People in Slack: dana is a developer there, vera a viewer, ada an admin; mallory is nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.slack import Channel, Message, User

if TYPE_CHECKING:
    from tests.fakes.slack import Delivery
    from tests.world import World


@dataclass
class Slack:
    """A workspace. What the bot newly wrote comes back as it is shown, threads and whispers included."""

    world: World

    def __post_init__(self) -> None:
        for id_, name in (("U0DANA", "dana"), ("U0VERA", "vera"), ("U0ADA", "ada"), ("U0MALLORY", "mallory")):
            self.world.slack.users[id_] = User(id_, name, self.world.slack.team)
        self.lab = Channel("C0LAB", "lab", set(self.world.slack.users))  # the default channel of the project `lab`
        self.hall = Channel("C0HALL", "hall", set(self.world.slack.users))
        self.away = Channel("C0AWAY", "away", set(self.world.slack.users) - {self.world.slack.bot.id})  # the bot is not in it
        for channel in (self.lab, self.hall, self.away):
            self.world.slack.channels[channel.id] = channel

    def person(self, name: str) -> User:
        return self.world.slack.users[f"U0{name.upper()}"]

    @property
    def said(self) -> list[Message]:
        """Everything the bot wrote anywhere, oldest first."""
        return [each for each in self.world.slack._messages if each.user == self.world.slack.bot.id]

    async def deliver(self, delivery: Delivery, *, settle: bool = True) -> list[Message]:
        before = len(self.said)
        answer = await self.world.deliver("slack", delivery, settle=settle)
        assert answer.status_code == 200, answer.text
        return self.said[before:]

    async def slash(self, text: str, *, by: str = "dana", channel: Channel | None = None, command: str = "/ivy") -> list[Message]:
        return await self.deliver(self.world.slack.slash(self.person(by), channel or self.lab, command, text))

    async def mention(self, text: str, *, by: str = "dana", channel: Channel | None = None, thread: str | None = None) -> list[Message]:
        return await self.deliver(self.world.slack.mention(self.person(by), channel or self.lab, text, thread))

    async def dm(self, text: str, *, by: str = "dana", thread: str | None = None) -> list[Message]:
        return await self.deliver(self.world.slack.dm(self.person(by), text, thread))

    async def press(self, label: str, on: Message, *, by: str = "dana", after_s: int = 0) -> list[Message]:
        return await self.deliver(self.world.slack.press(self.person(by), on, label, after_s))


def shown(messages: list[Message]) -> list[str]:
    return [each.shown for each in messages]
