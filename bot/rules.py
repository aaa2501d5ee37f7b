"""What the operator configured of people, projects and limits, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from bot.auth.people import People
from bot.auth.policies import Policies
from bot.auth.policy import Role
from bot.context import Limits
from bot.domain.budget import UNLIMITED, Budgets
from bot.domain.catalogue import Catalogue
from bot.domain.channels import Channels
from bot.domain.cost import PriceSource, free
from bot.domain.environment import Size
from bot.domain.message import Platform
from bot.domain.project import Project


@dataclass(frozen=True)
class Rules:
    """What the operator configured of people, projects and limits."""

    projects: Mapping[str, Project]
    people: People
    policies: Policies
    console_role: Role
    limits: Limits
    zone: tzinfo
    bot_names: Mapping[Platform, str]
    own_ids: frozenset[tuple[Platform, str]]
    channels: Channels
    replies_per_hour: int = 0
    prices: PriceSource = free
    budgets: Budgets = UNLIMITED
    catalogue: Catalogue = field(default_factory=Catalogue)
    spares: frozenset[tuple[str, Size]] = frozenset()
    trusts_names: bool = False
