"""What of a service a command asks for, before it is known which artifact that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.catalogue import Catalogue, Service

MERGED, LATEST = "merged", "latest"


@dataclass(frozen=True)
class Wish:
    """At most one of these; none: the newest of merged main. `text` is as it was typed, "" where nothing was."""

    text: str = ""
    commit: str | None = None
    request: int | None = None
    is_latest: bool = False

    @property
    def follows(self) -> str:
        """What it means may be another artifact tomorrow: "merged", "latest" or "!12"; "" for a commit, which stays."""
        if self.commit is not None:
            return ""
        return LATEST if self.is_latest else MERGED if self.request is None else f"!{self.request}"


@dataclass(frozen=True)
class Wanted:
    """`stage` is its place in what is asked for: all of a stage before end well first."""

    service: Service
    wish: Wish = Wish()
    stage: int = 0


class NotInCatalogue(Exception):  # noqa: N818 - it is an answer
    """There is no service and no deploy group of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TwoWishes(Exception):  # noqa: N818 - it is an answer
    """One service is asked for twice, at different artifacts."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service


def resolve(catalogue: Catalogue, names: Iterable[tuple[str, Wish]]) -> tuple[Wanted, ...]:
    """Each service of what is named, once, at the first stage that it is named for. Raises NotInCatalogue, TwoWishes."""
    found: dict[str, Wanted] = {}
    for name, wish in names:
        for wanted in _of_name(catalogue, name, wish):
            earlier = found.setdefault(wanted.service.key, wanted)
            if earlier.wish != wanted.wish:
                raise TwoWishes(wanted.service.key)
    return tuple(sorted(found.values(), key=lambda each: (each.stage, each.service.key)))


def _of_name(catalogue: Catalogue, name: str, wish: Wish) -> Iterable[Wanted]:
    if name in catalogue.services:
        return (Wanted(catalogue.services[name], wish),)
    group = catalogue.group(name)
    if group is None:
        raise NotInCatalogue(name)
    return (Wanted(catalogue.services[key], wish, stage) for stage, keys in enumerate(group.stages) for key in keys)
