"""The port through which a webhook is made or put right: one implementation for each forge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.domain.project import Project


@dataclass(frozen=True)
class HookMade:
    """What was done about a project's webhook, in words; what else there is to know. With `is_dry` it is what would be done."""

    words: str
    hint: str = ""


class HookRefused(Exception):  # noqa: N818
    """It could not be done; the text says why, and what to do."""


class HookMaker(Protocol):
    async def make(self, project: Project, url: str, *, is_dry: bool) -> HookMade:
        """Have exactly one that leads to `url`, with what we understand and our secret. Again is the same. Raises HookRefused."""


def put_right(wrong: list[str]) -> str:
    return f"put right: {', '.join(wrong)}" if wrong else "is there and right"


def others(urls: list[str], url: str) -> str:
    """Webhooks to another Trellis, or to where this one was before."""
    tail = "/" + "/".join(url.rsplit("/", 2)[-2:])
    found = sorted({each for each in urls if each.rstrip("/").endswith(tail) and each.rstrip("/") != url})
    return f"there is one to {', '.join(found)} too: remove it if nobody listens there" if found else ""
