"""What a lock covers: everything, an environment, a group, a service, or one of the last two in one environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bot.domain.catalogue import MONO, Catalogue, Service

ALL = "all"


class ScopeKind(StrEnum):
    ALL = "all"
    ENVIRONMENT = "environment"
    GROUP = "group"
    SERVICE = "service"


@dataclass(frozen=True, order=True)
class Scope:
    """As text, which is how it is kept: `all`, or `kind/name`, with `:environment` where it is about one environment only."""

    kind: ScopeKind
    name: str = ""
    environment: str = ""

    def __str__(self) -> str:
        inside = f":{self.environment}" if self.environment else ""
        return ALL if self.kind is ScopeKind.ALL else f"{self.kind}/{self.name}{inside}"

    @property
    def words(self) -> str:
        """As people say it."""
        return str(self).partition("/")[2] or ALL

    @property
    def breadth(self) -> int:
        """How much it covers: the most specific first."""
        if self.environment:
            return 0 if self.kind is ScopeKind.SERVICE else 1
        return {ScopeKind.SERVICE: 2, ScopeKind.GROUP: 3, ScopeKind.ENVIRONMENT: 4, ScopeKind.ALL: 5}[self.kind]

    def covers(self, service: str, environment: str, groups: Iterable[str]) -> bool:
        """Whether it is about this service, which is in these groups, in this environment."""
        if self.environment not in {"", environment}:
            return False
        match self.kind:
            case ScopeKind.ALL:
                return True
            case ScopeKind.ENVIRONMENT:
                return self.name == environment
            case ScopeKind.GROUP:
                return self.name in groups
            case ScopeKind.SERVICE:
                return self.name == service

    @classmethod
    def stored(cls, text: str) -> Self:
        """The scope that was kept as this text."""
        kind, _, rest = text.partition("/")
        name, _, environment = rest.partition(":")
        return cls(ScopeKind(kind), name, environment)


@dataclass(frozen=True)
class NotOne:
    """A word that is no scope, or several: `meant` are those that it could be, `word` is the part of it that nothing is called."""

    word: str
    meant: tuple[Scope, ...] = ()


def parse(text: str, catalogue: Catalogue) -> Scope | NotOne:
    """The scope that somebody means. Case does not matter; `service/NAME` and its kin say which of several things of one name."""
    what, colon, environment = text.strip().casefold().partition(":")
    kind, slash, name = what.rpartition("/")
    if colon and environment not in catalogue.environments:
        return NotOne(environment)
    found = [
        Scope(each, "" if each is ScopeKind.ALL else name, environment)
        for each in ScopeKind
        if kind == (each.value if slash else "") and name in _names(each, catalogue)
    ]
    if colon:
        found = [each for each in found if each.kind in {ScopeKind.GROUP, ScopeKind.SERVICE}]
    if name == MONO and found == [Scope(ScopeKind.GROUP, MONO, environment)] and MONO not in catalogue.groups:
        found = [Scope(ScopeKind.ENVIRONMENT, environment) if colon else Scope(ScopeKind.ALL)]
    return found[0] if len(found) == 1 else NotOne(what, tuple(found))


def services_of(scope: Scope, catalogue: Catalogue) -> tuple[Service, ...]:
    """Those that it covers somewhere, by name."""
    where = [scope.environment or scope.name] if scope.environment or scope.kind is ScopeKind.ENVIRONMENT else ["", *catalogue.environments]
    return tuple(
        service
        for key, service in sorted(catalogue.services.items())
        if any(scope.covers(key, each, catalogue.groups_of(key)) and _may_run(service, each) for each in where)
    )


def _may_run(service: Service, environment: str) -> bool:
    return not environment or not service.environments or environment in service.environments


def known(catalogue: Catalogue) -> tuple[str, ...]:
    """Every word that is a scope by itself, for who has mistaken one."""
    return tuple(sorted({name for kind in ScopeKind for name in _names(kind, catalogue)}))


def _names(kind: ScopeKind, catalogue: Catalogue) -> frozenset[str]:
    match kind:
        case ScopeKind.ALL:
            return frozenset({ALL})
        case ScopeKind.ENVIRONMENT:
            return frozenset(catalogue.environments)
        case ScopeKind.GROUP:
            return frozenset(catalogue.groups) | ({MONO} if catalogue.group(MONO) else set())
        case ScopeKind.SERVICE:
            return frozenset(catalogue.services)
