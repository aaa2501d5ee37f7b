"""What both forges' words on a commit have in common: asked page by page, and told as values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from enum import IntEnum
from typing import Protocol, TypeVar

from bot.context_ports import ForgeUnavailable
from bot.domain.gates import Checks

T = TypeVar("T")

PAGE = 100
_MOST_PAGES = 10


class How(IntEnum):
    """How a check is, the best first."""

    PASSED = 0
    RUNNING = 1
    FAILED = 2


class Get(Protocol):
    """The thing at a path, None when there is none. Raises ForgeUnavailable."""

    def __call__(self, path: str, shape: type[T], /) -> Awaitable[T | None]: ...


async def pages(page: Callable[[int], Awaitable[list[T]]]) -> list[T]:
    """All of a list. Raises ForgeUnavailable when it is longer than anybody's: what was not seen is not known to be good."""
    found: list[T] = []
    for number in range(1, _MOST_PAGES + 1):
        part = await page(number)
        found += part
        if len(part) < PAGE:
            return found
    raise ForgeUnavailable(f"there are more than {_MOST_PAGES * PAGE} of them, and all have to be seen")


def checks_of(said: Iterable[tuple[str, How]]) -> Checks:
    """By name, each as the worst that is said of it."""
    worst: dict[str, How] = {}
    for name, how in said:
        worst[name] = max(how, worst.get(name, How.PASSED))
    failed, running, passed = (tuple(sorted(name for name, how in worst.items() if how is each)) for each in reversed(How))
    return Checks(failed, running, passed)
