"""Whether a new environment may be a machine that is there already, and which."""

from __future__ import annotations

from bot.context import Head, Outside, Scene, Transaction
from bot.context_ports import RuntimeUnavailable
from bot.domain.devenv_choice import NotThere, choose
from bot.domain.environment import Size
from bot.domain.project import Project
from bot.domain.service_config import DevEnv
from bot.handlers.effective import Asked


async def fitting(asked: Asked, head: Head, scene: Scene, outside: Outside) -> Size | None:
    """The size of a warm spare that fits; None where there never is one. What is wrong with the file is told when it is made."""
    sizes = {size for project, size in scene.spares if project == head.project.key}
    if not sizes:
        return None
    size = asked.size
    if size is None:
        try:
            config = await outside.runtime.config(head.project, head.where, head.sha)
        except RuntimeUnavailable:
            return None
        if not isinstance(config, DevEnv):
            return None
        try:
            size = choose(config, asked.profile, asked.services, is_fork=head.is_fork, sizes=head.project.sizes).size or Size.SMALL
        except NotThere:
            return None
    return size if size in sizes else None


async def claimed(project: Project, size: Size | None, transaction: Transaction) -> str | None:
    """The id of a spare that is ours now; None where none fits or is left, and a fresh one is made."""
    return await transaction.claim_spare(project.key, project.engine, size) if size else None
