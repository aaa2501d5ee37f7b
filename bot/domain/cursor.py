"""How far a project's forge has been listened to, where it is asked instead of telling us."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

OVERLAP_S = 120.0
"""Looked at again each time: lists lag, and GitLab touches a merge request for a note at most once a minute."""


class Cursor(msgspec.Struct, frozen=True):
    """The newest that was seen of each kind, in seconds by the platform's clock; `heads` are full refs → SHA as they were last."""

    comments: float
    lines: float
    requests: float
    etags: Mapping[str, str] = {}
    seen: tuple[str, ...] = ()
    heads: Mapping[str, str] | None = None
    delivered: float | None = None  # how far the deliveries of its webhook were looked at: a moment on GitHub, an id on GitLab
    deliveries_asked_at: float = 0.0  # by our own clock
    deliveries_problem: str = ""  # why they cannot be asked for
    were: Mapping[str, str] | None = None  # number of a request → what it was when it was seen last: `closed 1767225600.0`, `draft …`


def begin(at: float) -> Cursor:
    """Listen from now on: what was said before is the past."""
    return Cursor(at, at, at)
