"""The port through which a forge is asked what is new, where it cannot tell us or where what it told was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.chats.missed import Missed
from bot.domain.cursor import Cursor
from bot.domain.message import Incoming
from bot.domain.project import Project


@dataclass(frozen=True)
class News:
    """What is new, oldest first and with the keys that webhooks would give it, and where to look from next time."""

    incoming: tuple[Incoming, ...]
    cursor: Cursor


class Feed(Protocol):
    """Comments, edits and closed requests of one project. Asking again with the same cursor gives the same keys again."""

    async def news(self, project: Project, cursor: Cursor) -> News:
        """Raises ForgeUnavailable."""

    async def missed(self, project: Project, since: float | None) -> Missed:
        """What its webhook could not deliver since then, as the last look left it (None: from now on). Raises ForgeUnavailable."""

    async def hook_problem(self, project: Project) -> str:
        """Why its webhook does not come, in words; "" when it is well or we may not see it. Raises ForgeUnavailable."""
