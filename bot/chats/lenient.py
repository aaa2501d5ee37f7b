"""The items of a list, each read by itself: one that cannot be read is left out and told of once, and the others count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
import structlog

from bot.chats.wire import digest
from bot.domain.message import Refused

log = structlog.get_logger()

T = TypeVar("T")
Item = TypeVar("Item")
_MOST_TOLD = 1000


class Lenient:
    """`platform` is for the log."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._told: dict[str, None] = {}

    def read(self, items: Iterable[Item], read: Callable[[Item], T], project: str) -> list[T]:
        """What `read` makes of each item."""
        found = []
        for item in items:
            try:
                found.append(read(item))
            except (Refused, msgspec.MsgspecError, ValueError, RecursionError) as error:
                self._tell(item, project, str(error))
        return found

    def _tell(self, item: object, project: str, reason: str) -> None:
        name = digest(project, bytes(item) if isinstance(item, msgspec.Raw) else repr(item))
        if name in self._told:
            return
        self._told[name] = None
        if len(self._told) > _MOST_TOLD:
            del self._told[next(iter(self._told))]
        log.warning("item_not_understood", platform=self._platform, project=project, reason=reason)
