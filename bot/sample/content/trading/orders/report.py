"""Trellis is told how the book stands, with the environment's own key, and answers whether somebody wants it resumed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from .limits import Book

_PATIENCE_S = 10.0
_UNAUTHORIZED = 401


class KeyRefused(OSError):  # noqa: N818 - a sentence
    """Trellis knows this key no more: it was made anew."""


@dataclass(frozen=True)
class Trellis:
    """`api` is its address with `/api/v1`."""

    api: str
    slug: str
    key: str

    def told(self, how: dict[str, Any]) -> str:
        """Who wants it resumed, or "". Raises KeyRefused, OSError."""
        body = json.dumps(how).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        asked = Request(f"{self.api}/environments/{self.slug}/risk", body, headers, method="PUT")  # noqa: S310 - Trellis's own address
        try:
            with urlopen(asked, timeout=_PATIENCE_S) as answer:  # noqa: S310 - the same
                return str(json.load(answer).get("resume_by") or "")
        except HTTPError as refused:
            if refused.code == _UNAUTHORIZED:
                raise KeyRefused(str(refused)) from refused
            raise


def told_of(book: Book) -> dict[str, Any]:
    """Amounts as text, to the cent."""
    amounts = {"position_usd": book.exposure, "equity_usd": book.equity, "drawdown_pct": max(book.drawdown_pct, 0)}
    shown = {name: f"{amount:.2f}" for name, amount in amounts.items()}
    return {"orders": book.filled, "refused": sum(book.refused.values()), "halted": book.halted, "halts": book.halts, **shown}
