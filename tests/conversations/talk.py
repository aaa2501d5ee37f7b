"""One person's conversation with the bot in a pull or merge request: say a line, get the new replies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.domain.environment import Environment
    from tests.fakes.forge import Comment, Request, User
    from tests.fakes.github import FakeGitHub
    from tests.fakes.gitlab import FakeGitLab
    from tests.world import World


_PATIENCE_S = 60


def words(text: str) -> str:
    """A text of several lines as it stands in a test."""
    return dedent(text).strip("\n")


@dataclass
class Talk:
    """`by` speaks on `on`, unless a line says otherwise."""

    world: World
    by: User
    on: Request
    comments: list[Comment] = field(default_factory=list)

    @property
    def forge(self) -> FakeGitHub | FakeGitLab:
        return self.world.github if self.on.project is self.world.shop else self.world.gitlab

    @property
    def platform(self) -> str:
        return "github" if self.on.project is self.world.shop else "gitlab"

    async def says(self, text: str, *, by: User | None = None, settle: bool = True) -> list[str]:
        """What the bot newly wrote after that, the first drawing of a card included."""
        before = len(self.heard)
        self.comments.append(await self.world.says(text, by=by or self.by, on=self.on, settle=settle))
        return self.heard[before:]

    async def answer(self, text: str, *, by: User | None = None) -> str:
        """The one reply to it."""
        [reply] = await self.says(text, by=by)
        return reply

    async def begins(self, text: str) -> list[str]:
        """Say it and wait until the engine is at its last stage, where it is held until `goes_on`."""
        before = len(self.heard)
        self.hold()
        await self.says(text, settle=False)
        await self.is_held()
        return self.heard[before:]

    def hold(self) -> None:
        self.world.engine.gate.clear()
        self.world.engine.reached.clear()

    async def is_held(self) -> None:
        await asyncio.wait_for(self.world.engine.reached.wait(), _PATIENCE_S)
        await self.world.desks["say"].idle()

    async def goes_on(self) -> list[str]:
        """Let the engine go on; what the bot newly writes."""
        self.world.engine.gate.set()
        return await self.news()

    async def hears(self) -> None:
        """Let what was said be heard and answered, whatever else is still being done."""
        await self.world.desks["hear"].idle()
        await self.world.desks["say"].idle()

    async def pushes(self, sha: str, branch: str = "", *, settle: bool = True) -> list[str]:
        """What the bot newly wrote after the push."""
        before = len(self.heard)
        await self.world.deliver(self.platform, self.forge.pushes(self.on.project, branch or self.on.branch, sha), settle=settle)
        return self.heard[before:]

    async def news(self) -> list[str]:
        """What the bot newly writes until all is at rest."""
        before = len(self.heard)
        await self.world.settle()
        return self.heard[before:]

    async def after(self, *, hours: float = 0, seconds: float = 0) -> list[str]:
        """What the bot newly writes when that time has passed."""
        before = len(self.heard)
        await self.world.pass_time(hours=hours, seconds=seconds)
        return self.heard[before:]

    async def makes(self) -> Environment:
        """An environment, by the usual command."""
        await self.says("/ivy create")
        return await self.world.environment()

    @property
    def heard(self) -> list[str]:
        return self.world.hears(self.on)

    @property
    def card(self) -> str:
        """The newest card, as it is now."""
        return [each for each in self.heard if each.startswith("### ")][-1]

    @property
    def title(self) -> str:
        """What the newest card says at its head."""
        return self.card.partition("\n")[0].removeprefix("### ")

    @property
    def signs(self) -> list[str]:
        """The bot's signs on the newest comment."""
        return self.forge.reactions(self.comments[-1])
