"""What a handler may touch: ports, each beside the words that say what it gives."""

from __future__ import annotations

from typing import Protocol

from bot.domain.message import Person
from bot.domain.project import ChangeRequest, Project, Right


class ForgeUnavailable(Exception):  # noqa: N818
    """The forge could not be asked. For a right that is a no; for a fact it is 'try again in a minute'."""


class Forge(Protocol):
    """What is asked of GitHub or GitLab when a command runs. Errors raise ForgeUnavailable."""

    async def right_of(self, person: Person, project: Project) -> Right:
        """What `person`, by numeric id, may do in `project` now."""

    async def change_request(self, project: Project, number: int) -> ChangeRequest | None:
        """The request as it is now; None when there is no such one."""
