"""Whose word GitHub takes: a token's, or that of an App's installations. One value of a process, for all that speaks to GitHub."""

from __future__ import annotations

from typing import Protocol


class Access(Protocol):
    """Blocks, and may be used by several threads. Raises RemoteFailure."""

    @property
    def api_url(self) -> str: ...

    def token(self, path: str) -> str:
        """One that opens the repository `owner/name` now, and for some minutes to come."""

    def is_renewable(self, path: str, token: str) -> bool:
        """GitHub did not take `token`: forget it, and say whether there may be another."""

    def slug(self) -> str | None:
        """The App's name, whose account is `<slug>[bot]`; None for a token, which can be asked whose it is."""

    def signed(self, *, was_refused: bool = False) -> str | None:
        """A word that says for some minutes that we are the App itself; None where there is none."""


class TokenAccess:
    """The token of somebody."""

    def __init__(self, api_url: str, token: str) -> None:
        self.api_url = api_url.rstrip("/")
        self._token = token

    def token(self, path: str) -> str:
        del path
        return self._token

    def is_renewable(self, path: str, token: str) -> bool:
        del path, token
        return False

    def slug(self) -> str | None:
        return None

    def signed(self, *, was_refused: bool = False) -> str | None:
        del was_refused
        return None
