"""What the pages work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.approvers import Approvers
from bot.context_ports import Runtime
from bot.domain.catalogue import Catalogue
from bot.domain.forge_pages import ForgePages
from bot.domain.project import Project
from bot.store.console import ConsoleStore
from bot.store.store import Store
from bot.web.costs import Money
from bot.web.pages.observing import Observing
from bot.web.pages.saying import Saying
from bot.web.pages.sight import Sight
from bot.web.watch import Watch

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Parts:
    """`links` are templates of addresses elsewhere, by label; `demo` is a branch of the sample repository, "" where there is none."""

    store: Store
    sight: Sight
    saying: Saying
    lines: ConsoleStore
    runtime: Runtime
    observing: Observing
    watch: Watch
    approvers: Approvers
    projects: Mapping[str, Project]
    checks: Mapping[str, Check]
    catalogue: Catalogue = field(default_factory=Catalogue)
    zone: str = "UTC"
    money: Money = field(default_factory=Money)
    links: Mapping[str, str] = field(default_factory=dict)
    forge: ForgePages = field(default_factory=ForgePages)
    demo: str = ""

    def keys(self, visible: frozenset[str]) -> Sequence[str]:
        """The projects of a menu."""
        return sorted(key for key in self.projects if key in visible)
