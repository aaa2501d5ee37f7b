"""The port to wherever secrets are kept."""

from __future__ import annotations

from typing import Protocol


class PathRefused(Exception):  # noqa: N818 - a sentence, as the ports have them
    """It is no path that an environment may have, or whoever keeps the secrets refuses it."""


class NoSecret(Exception):  # noqa: N818
    """There is none at that path."""


class VaultUnavailable(Exception):  # noqa: N818
    """Whoever keeps the secrets does not answer, or not now: try again."""


class Vault(Protocol):
    """Every method raises PathRefused and VaultUnavailable."""

    async def read(self, path: str) -> str:
        """Raises NoSecret."""

    async def write(self, path: str, secret: str) -> None:
        """In the place of what is there."""

    async def remove(self, environment: str) -> None:
        """All of one environment. That there is nothing is success."""
