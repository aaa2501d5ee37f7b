"""Alarms about the wall before production's secrets and about the image of machines: open until whoever raised one finds it well again."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class AlarmKind(StrEnum):
    WALL = "wall"  # a secret of production could have been read
    OFTEN = "often"  # secrets are asked for more often than is usual, which costs
    IMAGE = "image"  # the nightly image could not be baked


class Alarm(msgspec.Struct, frozen=True):
    """`source` is the host it was seen from, of an image the region it is in; `words` the middle of a sentence."""

    kind: AlarmKind
    source: str
    since: float
    words: str
    until: float | None = None
