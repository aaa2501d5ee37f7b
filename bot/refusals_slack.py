"""Refusals that have to do with the place in a chat where something is said."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.errors import UserError
from bot.domain.prose import Code


def not_here(words: str, where: Sequence[str]) -> UserError:
    *before, last = where or ("no channel",)
    places = f"{', '.join(before)} or {last}" if before else last
    return UserError("not_here", Code(f"/{words}"), f" may not be said in this channel. It may in {places}.")
