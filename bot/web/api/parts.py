"""What the API works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.approvers import Approvers
from bot.context_ports import Runtime
from bot.domain.catalogue import Catalogue
from bot.domain.environment import Environment
from bot.domain.message import Person
from bot.domain.project import Project
from bot.merges import Merges
from bot.store.api_commands import ApiCommands
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.store.tokens import Tokens
from bot.web.costs import Money
from bot.web.ears import Ears
from bot.web.watch import Watch


class Sources(Protocol):
    """Where artifacts are fetched from."""

    def can_fetch(self, address: str) -> bool: ...

    async def see_image(self, sha256: str, address: str) -> None:
        """Raises deploy.artifacts.NotFetched when its registry, where that can be asked, has no such image."""


class View(Protocol):
    """What somebody may see; an operator also what is of no project."""

    @property
    def projects(self) -> frozenset[str]: ...

    @property
    def is_operator(self) -> bool: ...


class Health(Protocol):
    """How a service is. `is_healthy` None: not known."""

    @property
    def name(self) -> str: ...

    @property
    def is_healthy(self) -> bool | None: ...


class Observing(Protocol):
    async def services(self, environment_id: str) -> Sequence[Health] | None:
        """None when it cannot be known now."""


class Sight(Protocol):
    async def of(self, person: Person) -> View: ...

    async def may(self, person: Person, environments: Sequence[Environment], *words: str) -> frozenset[tuple[str, str]]: ...

    async def as_told(self, person: Person, environments: Sequence[Environment]) -> list[Environment]: ...
    async def where(self, person: Person, words: str) -> frozenset[str]: ...


@dataclass(frozen=True)
class Parts:
    store: Store
    inbox: Inbox
    tokens: Tokens
    commands: ApiCommands
    ears: Ears
    sight: Sight
    runtime: Runtime
    money: Money
    observing: Observing
    watch: Watch
    catalogue: Catalogue
    projects: Mapping[str, Project]
    merges: Merges
    approvers: Approvers
    sources: Sources
    cap_s: float
