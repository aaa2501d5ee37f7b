"""What is told of freezes: now, ahead, and before they begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.freezes import Window
from bot.domain.prose import Block, Items, Line, Reply, Span, Strong, Text, Tone, line
from bot.replies.common import hours, moment, say


def listed(found: Mapping[str, Sequence[Window]], now: float) -> Reply:
    """`found`: windows by environment, in the order of both."""
    if not found:
        return say(Tone.NEUTRAL, "No environments are configured here that services could go to.")
    closed = [key for key, windows in found.items() if any(each.begin <= now for each in windows)]
    more: list[Block] = [Items(tuple(_row(key, each, now) for key, windows in found.items() for each in windows))]
    if not any(found.values()):
        return say(Tone.NEUTRAL, "Nothing is frozen, now or in the next two weeks.")
    head = f"Nothing begins now in {', '.join(closed)}." if closed else "Nothing is frozen now."
    return say(Tone.WARNING if closed else Tone.NEUTRAL, head, more=more)


def _row(environment: str, window: Window, now: float) -> Line:
    when = (Text(" is frozen until "),) if window.begin <= now else (Text(" from "), moment(window.begin), Text(" until "))
    return line(Strong(environment), *when, moment(window.end), *_named(window))


def _named(window: Window) -> tuple[Span, ...]:
    return (Text(f": {window.name}"),) if window.name else ()


def begins_soon(environment: str, window: Window, in_s: float) -> Reply:
    """Told in the channels of the projects that go there."""
    head = (Strong(environment), Text(f" closes in {hours(in_s)}"), *_named(window))
    more = (
        line("Nothing begins there from ", moment(window.begin), " until ", moment(window.end), "."),
        line("What has begun by then ends; what is asked for later waits."),
    )
    return say(Tone.WARNING, *head, ".", more=more, code="freeze_ahead")


def closes_soon(environment: str, window: Window, now: float) -> Line:
    """A line for whoever deploys there now."""
    return line(Strong(environment), f" closes in {hours(window.begin - now)}", *_named(window), ": until ", moment(window.end), ".")
