"""What commands say of datasets: which there are, and when what was asked for is done."""

from __future__ import annotations

from collections.abc import Callable

from bot import refusals_config
from bot.context import Head
from bot.domain.datasets import offered
from bot.domain.environment import Environment
from bot.domain.service_config import DevEnv


def must_be_offered(name: str | None, config: DevEnv, head: Head, typed: Callable[[str], str]) -> None:
    """Raises UserError `unknown_dataset`; `typed` makes the line to say for the nearest one."""
    known = offered(config.seeds, head.project.datasets, is_fork=head.is_fork)
    if name is not None and name not in known:
        raise refusals_config.unknown_dataset(name, known, config.file, typed)


def goal_of(environment: Environment) -> str:
    """Whoever asked for data waits until it is there; all others until it runs."""
    return f"seed:{environment.seeds.asked}" if environment.seeds.is_due else f"generation:{environment.generation}"
