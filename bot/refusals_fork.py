"""Refusals about code from forks, and about a commit that is not the head any more."""

from __future__ import annotations

from bot.auth.policy import Decision
from bot.domain.environment import STALE_HEAD
from bot.domain.errors import UserError
from bot.domain.prose import Code, Line, Span, line

MOST_SHORT = 12
"""A commit that somebody looked at is named by so many digits at least: fewer can be made to fit."""


def looked_at(line_without: str, sha: str) -> str:
    """The line that says which commit was looked at."""
    return f"{line_without} --sha {sha[:MOST_SHORT]}"


def from_a_fork(decision: Decision, line_without: str, sha: str) -> UserError:
    """`line_without` is the command without its commit; a denied one names its rule and who may."""
    who: tuple[Line, ...] = ()
    if not decision.is_allowed:
        rule: list[Span | str] = ["Rule: ", Code(decision.rule), ". "] if decision.rule else []
        who = (line(*rule, f"Who may: {', '.join(decision.roles) or 'nobody'}."),)
    head = "This branch is in a fork, and code from forks runs here only at a commit that somebody who may has looked at."
    then = line("After looking at ", Code(sha[:MOST_SHORT]), ", which is its head now: ", Code(looked_at(line_without, sha)))
    error = UserError("fork_refused", head, more=(*who, then))
    error.notes = {"rule": decision.rule}
    return error


def stale_head(sha: str, head: str, line_without: str) -> UserError:
    """What was looked at is not what would run."""
    again = Code(looked_at(line_without, head))
    return UserError(
        STALE_HEAD, Code(sha[:MOST_SHORT]), " is not the head: that is ", Code(head[:MOST_SHORT]), ". Look at it, then: ", again
    )


def too_short(sha: str, head: str, line_without: str) -> UserError:
    words = (f" is too short to be sure of: give {MOST_SHORT} digits or more of the commit that you looked at. The head is ",)
    return UserError("bad_value", Code(sha), *words, Code(head[:MOST_SHORT]), ": ", Code(looked_at(line_without, head)))


def not_restored() -> UserError:
    return UserError(
        "fork_refused", "It was made of a fork's code, which is looked at anew each time. In its request: ", Code("/ivy create")
    )
