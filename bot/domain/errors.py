"""Errors that a person can act on, and the one that says a move of state is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.prose import Block, Span, Text

DENIED = frozenset({"not_allowed", "not_here", "fork_refused", "bad_token", "scope_missing"})
"""The codes of refusals that are about rights, in chat and in the API."""


class UserError(Exception):
    """Shown as written: what happened, then what to do. `code` is stable on every platform."""

    def __init__(self, code: str, *spans: Span | str, more: tuple[Block, ...] = ()) -> None:
        self.code = code
        self.spans: tuple[Span, ...] = tuple(Text(span) if isinstance(span, str) else span for span in spans)
        self.more = more
        self.notes: Mapping[str, str] = {}  # what the audit log is told besides
        super().__init__("".join(getattr(span, "text", "") for span in self.spans))


class WrongMove(Exception):  # noqa: N818 - our own mistake, said as what it is
    """A state was to follow one that it cannot follow."""


class LeaseLost(Exception):  # noqa: N818
    """Another worker holds the row now: stop at once and write nothing."""
