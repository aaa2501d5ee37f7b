"""What opens clone addresses: asked for each time, because a token may live for an hour only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tokens(Protocol):
    """The port through which git comes by a token."""

    async def token(self, url: str) -> str | None:
        """What opens a clone address now; None when nothing is needed. Raises EngineUnavailable."""

    def is_renewable(self, url: str, token: str) -> bool:
        """It did not open: forget it, and say whether there may be another."""


class FixedTokens:
    """Clone address → token, for ever."""

    def __init__(self, tokens: Mapping[str, str] | None = None) -> None:
        self._tokens = dict(tokens or {})

    async def token(self, url: str) -> str | None:
        return self._tokens.get(url)

    def is_renewable(self, url: str, token: str) -> bool:
        del url, token
        return False
