"""Which sizes may be asked for in a project."""

from __future__ import annotations

from bot.domain.environment import Size
from bot.domain.project import Project
from bot.refusals_config import size_not_allowed
from grammar.commands import Size as Said


def must_be_a_size(said: Said | None, project: Project, typed: str) -> None:
    """Raises UserError `size_not_allowed`; `typed` is the line to say, without its size."""
    if said is not None and Size(said.value) not in project.sizes:
        raise size_not_allowed(Size(said.value), project, typed)
