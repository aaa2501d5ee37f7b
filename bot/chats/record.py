"""The port through which a forge is told of an environment: one implementation for each forge."""

from __future__ import annotations

from typing import Protocol

import msgspec

from bot.domain.project import Project
from bot.domain.record import Deployment, Status


class Placed(msgspec.Struct, frozen=True):
    """What a deployment is on the platform. `older`: deployments of ours that are still shown as running."""

    sha: str = ""
    deployment: int = 0
    environment: int = 0  # GitLab's own row for it
    older: tuple[int, ...] = ()


class Recorder(Protocol):
    """Every method may be called again with the same order. Raises ChatUnavailable and ChatRefused, as `Chat` does."""

    async def status(self, project: Project, status: Status) -> None:
        """Have the status stand beside its commit."""

    async def deploy(self, project: Project, wanted: Deployment, placed: Placed, *, is_again: bool) -> Placed:
        """Have the deployment shown so. `is_again`: an earlier try may have left one that we do not know of."""
