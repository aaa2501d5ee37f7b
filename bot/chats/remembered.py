"""What is remembered of requests between two looks at a forge, so that one is seen to be opened again, or to be a draft no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_MOST = 1000
_CLOSED, _DRAFT = "closed", "draft"


@dataclass(frozen=True)
class Shown:
    """A request as a list shows it. Moments are the forge's, in seconds since the epoch."""

    number: int
    is_open: bool
    is_draft: bool
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class Opened:
    """`how` is `opened`, `reopened` or `ready`; it came to be at `at`, or somewhat later."""

    how: str
    at: float


class Remembered:
    """`since`: what was made after it is new. Of a thousand requests, those seen last, it is known that they were closed or drafts."""

    def __init__(self, before: Mapping[str, str], since: float) -> None:
        self._marks = dict(before)
        self._since = since

    @property
    def marks(self) -> Mapping[str, str]:
        return dict(list(self._marks.items())[-_MOST:])

    def see(self, shown: Shown) -> Opened | None:
        """What has become of it since it was seen last."""
        how, _, at = self._marks.pop(str(shown.number), "").partition(" ")
        mark = _CLOSED if not shown.is_open else _DRAFT if shown.is_draft else ""
        if mark:
            self._marks[str(shown.number)] = f"{mark} {at if how == mark else shown.updated_at}"
        if not shown.is_open:
            return None
        if how == _CLOSED:
            return Opened("reopened", float(at))
        if how == _DRAFT and not shown.is_draft:
            return Opened("ready", float(at))
        return Opened("opened", shown.created_at) if shown.created_at >= self._since else None
