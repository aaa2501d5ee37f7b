"""What is said of trading environments besides: never a key, only where it is shown and to whom it was."""

from __future__ import annotations

from bot.domain.prose import Block, Line, Link, line
from bot.domain.trading_key import TradingKey
from bot.replies.common import moment


def key_place(page: str) -> tuple[Block, ...]:
    """Where it is to be looked for; `page` is the environment's own, an address."""
    return (line("Its API key is shown once, on ", Link("its page", page), " behind the sign-in."),)


def key_seen(key: TradingKey) -> Line:
    if key.revoked_at is not None:
        return line("API key: revoked ", moment(key.revoked_at))
    if key.shown_at is None:
        return line("API key: nobody has seen it; it is shown once, on its page in the dashboard")
    return line(f"API key: shown to {key.shown_to} ", moment(key.shown_at))
