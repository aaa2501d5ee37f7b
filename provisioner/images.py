"""The port to what machines are made of: images in the cloud's account, and the builders on which they are baked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Tell = Callable[[str], None]
"""Hears how far a bake is, as a few words."""


@dataclass(frozen=True)
class Image:
    """`bake` is the id under which it was baked, as its label says; `is_usable` once machines can be made of it."""

    id: str
    bake: str
    version: str
    baked_at: float
    is_usable: bool


@dataclass(frozen=True)
class Stock:
    """What there is in the account: `builders` the bakes that have one, `used` the images of machines that are not gone."""

    images: tuple[Image, ...] = ()
    builders: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()


class Bakery(Protocol):
    """All of it can be asked again after a crash, and comes to the same."""

    def version(self) -> str:
        """What an image that is baked now is made of: the roles, what they pin and what they begin from."""

    async def bake(self, id: str, deadline: float, tell: Tell) -> str:
        """The image's id, once it is usable; taken up where an earlier call left it.

        Its builder bears our mark and `deadline` (seconds since 1970). Raises EngineFailed, EngineUnavailable.
        """

    async def clear(self, id: str) -> None:
        """Nothing of its builder is left. Raises EngineUnavailable."""

    async def stock(self) -> Stock:
        """Raises EngineUnavailable."""

    async def forget(self, image: str) -> None:
        """The image and its disks are gone; already gone is success. Raises EngineUnavailable."""
